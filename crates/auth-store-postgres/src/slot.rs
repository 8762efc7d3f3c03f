//! A locked key: one open transaction, and short ones beside it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, StoreKey, store::conflict};
use auth_store::{Numbers, Slot, Turn, Value, crash};
use sqlx::{Postgres, postgres::PgArguments, query::Query};

use crate::{error, pool::Conn, schema::text, store::Inner};

/// A key that is locked in the database: it holds one of the lock connections, with a transaction open on it.
pub struct PostgresSlot {
    inner: Arc<Inner>,
    key: StoreKey,
    /// Nothing once the lock is known to be lost.
    held: Option<Held>,
    numbers: Numbers,
    // The last one: the next in line must find the lock free.
    _turn: Turn,
}

/// A transaction that holds a lock. Dropping it closes the connection, and the server takes the lock back.
pub(crate) struct Held {
    conn: Conn,
    /// Session and beginning of the transaction, by which it is known again.
    identity: String,
}

impl Held {
    /// Takes the connection of the transaction and its [`IDENTITY`].
    pub(crate) fn new(conn: Conn, identity: String) -> Self {
        Self { conn, identity }
    }

    /// Learns whether this is still the transaction that took the lock.
    async fn check(self) -> Result<Self, Error> {
        // An answer is not enough: a pooler could give it from another session.
        match identify(self.conn).await {
            Ok((conn, identity)) if identity == self.identity => Ok(Self { conn, identity }),
            _ => Err(conflict()),
        }
    }
}

/// What tells a transaction from all others.
pub(crate) const IDENTITY: &str =
    "pg_backend_pid()::text || ' ' || extract(epoch FROM now())::text";

async fn identify(conn: Conn) -> Result<(Conn, String), Error> {
    let (conn, rows) = conn.run(&format!("SELECT {IDENTITY}")).await?;
    let identity = text(rows.first().ok_or_else(error::foreign)?, 0)?;
    Ok((conn, identity))
}

impl PostgresSlot {
    pub(crate) fn new(
        inner: Arc<Inner>,
        key: StoreKey,
        held: Held,
        numbers: Numbers,
        turn: Turn,
    ) -> Self {
        Self {
            inner,
            key,
            held: Some(held),
            numbers,
            _turn: turn,
        }
    }

    /// Runs a statement that changes exactly one row, or none where another version is stored.
    async fn change(&mut self, query: Query<'static, Postgres, PgArguments>) -> Result<(), Error> {
        let conn = self.inner.begin_write(&self.key).await?;
        crash::point("postgres:begun");
        // In this order: whoever locks the key after it was found locked waits for the end of this transaction.
        self.renew().await?;
        crash::point("postgres:checked");
        let (conn, changed) = conn.execute(query).await?;
        crash::point("postgres:written");
        if changed != 1 {
            conn.end("ROLLBACK").await?;
            return Err(conflict());
        }
        conn.end("COMMIT").await?;
        crash::point("postgres:committed");
        Ok(())
    }
}

#[async_trait]
impl Slot for PostgresSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        self.inner.read(&self.key).await
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        let sql = match expected {
            None => {
                "INSERT INTO {} (key, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            }
            Some(_) => {
                "UPDATE {} SET version = $2, body = $3, changed_at = now() \
                 WHERE key = $1 AND version = $4"
            }
        };
        let mut query = self
            .inner
            .query(sql)
            .bind(self.key.as_str().to_owned())
            .bind(number(value.version)?)
            .bind(value.body.expose().to_owned());
        if let Some(expected) = expected {
            query = query.bind(number(expected)?);
        }
        self.change(query).await
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        let query = self
            .inner
            .query("DELETE FROM {} WHERE key = $1 AND version = $2")
            .bind(self.key.as_str().to_owned())
            .bind(number(expected)?);
        self.change(query).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        let held = self.held.take().ok_or_else(conflict)?;
        self.held = Some(held.check().await?);
        Ok(())
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    async fn release(self) -> Result<(), Error> {
        crash::point("postgres:releasing");
        match self.held {
            // Nothing was written here, so there is nothing to wait for.
            Some(held) => held.conn.end("ROLLBACK").await,
            None => Ok(()),
        }
    }
}

/// Returns a version as the table has it.
fn number(version: u64) -> Result<i64, Error> {
    i64::try_from(version).map_err(|_| error::foreign())
}

impl fmt::Debug for PostgresSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSlot")
            .field("key", &self.key)
            .field("held", &self.held.is_some())
            .finish_non_exhaustive()
    }
}
