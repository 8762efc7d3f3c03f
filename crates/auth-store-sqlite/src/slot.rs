//! A locked login.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, StoreKey, SystemClock, store::conflict};
use auth_store::{Backend, KeyLock, Numbers, Slot, Value, crash};
use sqlx::query;

use crate::store::SqliteStore;

/// How long to wait for a reader before the log is emptied once more.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
];

/// A login in a [`SqliteStore`] that nobody else changes meanwhile.
pub struct SqliteSlot {
    store: SqliteStore,
    key: StoreKey,
    lock: KeyLock,
}

impl SqliteSlot {
    pub(crate) fn new(store: SqliteStore, key: StoreKey, lock: KeyLock) -> Self {
        Self { store, key, lock }
    }

    /// The log still has what was removed. A reader of another program may keep it there for now.
    async fn empty_log(&self) {
        let clock = SystemClock::new();
        for pause in PAUSES {
            if self.store.writer().empty_log().await.unwrap_or(true) {
                return;
            }
            clock.sleep_until(clock.monotonic() + pause).await;
        }
    }
}

#[async_trait]
impl Slot for SqliteSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        self.store.read(&self.key).await
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        let (key, body) = (self.key.as_str().to_owned(), value.body.expose().to_owned());
        let (version, now) = (number(value.version)?, seconds());
        let statement = match expected {
            None => query(
                "INSERT INTO login (version, body, changed_at, key) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(version)
            .bind(body)
            .bind(now)
            .bind(key),
            Some(expected) => query(
                "UPDATE login SET version = ?, body = ?, changed_at = ? WHERE key = ? AND version = ?",
            )
            .bind(version)
            .bind(body)
            .bind(now)
            .bind(key)
            .bind(number(expected)?),
        };
        crash::point("sqlite:writing");
        let changed = self.store.writer().execute(statement).await?;
        crash::point("sqlite:written");
        one(changed)
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        let statement = query("DELETE FROM login WHERE key = ? AND version = ?")
            .bind(self.key.as_str().to_owned())
            .bind(number(expected)?);
        crash::point("sqlite:erasing");
        one(self.store.writer().execute(statement).await?)?;
        crash::point("sqlite:erased");
        self.empty_log().await;
        Ok(())
    }

    async fn discard(&mut self) -> Result<bool, Error> {
        let statement = query("DELETE FROM login WHERE key = ?").bind(self.key.as_str().to_owned());
        let removed = self.store.writer().execute(statement).await?;
        self.empty_log().await;
        Ok(removed > 0)
    }

    async fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn numbers(&mut self) -> &mut Numbers {
        self.lock.numbers()
    }

    async fn release(self) -> Result<(), Error> {
        self.lock.release().await;
        Ok(())
    }
}

/// A key has one row, and it is only changed where the version is the one that was expected.
fn one(changed: u64) -> Result<(), Error> {
    if changed == 1 {
        Ok(())
    } else {
        Err(conflict())
    }
}

/// Returns a version as SQLite has it, whose numbers have a sign.
fn number(version: u64) -> Result<i64, Error> {
    i64::try_from(version).map_err(|_| {
        Error::new(
            ErrorKind::Protocol,
            "a version is too large for the database; report it",
        )
    })
}

/// Returns the seconds since 1970, for whoever looks into the table.
fn seconds() -> i64 {
    let since = SystemClock::new()
        .wall()
        .duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.unwrap_or(Duration::ZERO).as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

impl fmt::Debug for SqliteSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSlot")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
