//! The table of logins.

use std::{fmt, future::poll_fn, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Secret, StoreKey};
use auth_store::{Backend, Numbers, Slot, Turn, Turns, Value, crash, until};
use sqlx::{AssertSqlSafe, Postgres, Row, postgres::PgArguments, query::Query};
use tokio::sync::oneshot;

use crate::{
    PostgresConfig, PostgresSlot, error,
    locks::{HELD, lock_numbers, lock_numbers_of, wait_for},
    pool::{Conn, Pool},
    schema::text,
    slot::{Held, IDENTITY},
};

/// How long one wait for a lock lasts, in milliseconds. A waiter whose caller is gone leaves after it.
const SLICE: u64 = 500;

/// How far ahead of the versions stored a sequence is set that was behind.
const AHEAD: u64 = 1 << 20;

/// Keeps logins in a table of PostgreSQL, for services on many machines. Cheap to clone.
///
/// It stores what it is given; [`Backend::sealed`](auth_store::Backend) makes a token store of it that encrypts.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

pub(crate) struct Inner {
    locks: Arc<Pool>,
    data: Arc<Pool>,
    turns: Turns,
    schema: String,
    /// Begins a transaction that holds a lock.
    begin_lock: String,
    /// Begins a transaction that reads or writes.
    begin: String,
}

/// What a transaction that just locked a key got.
struct Taken {
    conn: Conn,
    numbers: Numbers,
    identity: String,
    version: Option<u64>,
}

impl PostgresStore {
    /// Connects to the database at `url`, as [`PostgresConfig::from_url`] and [`PostgresConfig::connect`] do.
    ///
    /// # Errors
    ///
    /// As both of them.
    ///
    /// # Cancellation
    ///
    /// As [`PostgresConfig::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        PostgresConfig::from_url(url)?.connect().await
    }

    pub(crate) fn new(
        locks: Arc<Pool>,
        data: Arc<Pool>,
        schema: String,
        (answer, idle): (Duration, Duration),
    ) -> Self {
        // A setting of zero would be none at all.
        let (answer, idle) = (millis(answer).max(2 * SLICE), millis(idle).max(1));
        // Whatever the role or the database have as defaults: all of it ends with the transaction.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
             SET LOCAL statement_timeout = {answer}; SET LOCAL lock_timeout = {answer}; \
             SET LOCAL idle_in_transaction_session_timeout = {idle}"
        );
        // A machine that vanished answers no probe and is given up after a minute.
        let begin_lock = format!(
            "{begin}; SET LOCAL lock_timeout = {SLICE}; SET LOCAL tcp_keepalives_idle = 30; \
             SET LOCAL tcp_keepalives_interval = 10; SET LOCAL tcp_keepalives_count = 3"
        );
        Self(Arc::new(Inner {
            locks,
            data,
            turns: Turns::default(),
            schema,
            begin_lock,
            begin,
        }))
    }
}

impl Inner {
    /// Begins a transaction on a connection for reading and writing.
    ///
    /// A pooler in front of the server may change sessions between transactions, and the driver sends a statement and
    /// its parameters in two turns. So even a single statement has a transaction around it.
    pub(crate) async fn begin(&self) -> Result<Conn, Error> {
        let conn = self.data.acquire().await?;
        Ok(conn.run(&self.begin).await?.0)
    }

    /// Begins a transaction that writes under `key`, and for which the next holder of the key waits.
    pub(crate) async fn begin_write(&self, key: &StoreKey) -> Result<Conn, Error> {
        let (_, writes) = lock_numbers(&self.schema, key);
        let begin = format!("{}; SELECT pg_advisory_xact_lock({writes})", self.begin);
        let conn = self.data.acquire().await?;
        Ok(conn.run(&begin).await?.0)
    }

    /// Returns `sql` as a query on the table, whose name is written `{}`.
    pub(crate) fn query(&self, sql: &str) -> Query<'static, Postgres, PgArguments> {
        let table = format!("{}.auth_logins", self.schema);
        sqlx::query(AssertSqlSafe(sql.replace("{}", &table)))
    }

    pub(crate) async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        let query = self.query("SELECT version, body FROM {} WHERE key = $1");
        let conn = self.begin().await?;
        let (conn, rows) = conn.fetch(query.bind(key.as_str().to_owned())).await?;
        conn.end("COMMIT").await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let version = row.try_get::<i64, _>(0).map_err(|e| error::of(&e))?;
        let version = u64::try_from(version).map_err(|_| error::foreign())?;
        Ok(Some(Value::new(version, Secret::new(text(row, 1)?))))
    }

    /// Waits for the lock of `key`; nothing where the one who waits for it is gone.
    async fn lock(
        self: Arc<Self>,
        key: StoreKey,
        turn: Turn,
        waiter: &mut oneshot::Sender<Result<PostgresSlot, Error>>,
    ) -> Result<Option<PostgresSlot>, Error> {
        let wait = wait_for(lock_numbers(&self.schema, &key));
        let conn = 'held: loop {
            let gone = poll_fn(|cx| waiter.poll_closed(cx));
            let Some(conn) = until(gone, self.locks.acquire()).await else {
                return Ok(None);
            };
            let (mut conn, _) = conn?.run(&self.begin_lock).await?;
            loop {
                let (next, rows) = conn.wait(&wait, Duration::from_millis(2 * SLICE)).await?;
                conn = next;
                if waiter.is_closed() {
                    conn.end("ROLLBACK").await?;
                    return Ok(None);
                }
                if text(rows.last().ok_or_else(error::foreign)?, 0)? == HELD {
                    break 'held conn;
                }
                // Somebody may hold this key for long. Who waits for a connection may want another one, which is free.
                if self.locks.is_wanted() {
                    conn.end("ROLLBACK").await?;
                    break;
                }
            }
        };
        crash::point("postgres:held");
        // Taken under the lock, so that it is above those of all who had the lock before. A number that a crash of the
        // server took back was never stored: what is stored later is flushed after it.
        let mut taken = self.take(conn, &key).await?;
        // The sequence is behind where the table was restored or replicated without it.
        if let Some(version) = taken
            .version
            .filter(|version| *version >= taken.numbers.fence())
        {
            let (conn, _) = taken.conn.run(&self.raise(version)).await?;
            taken = self.take(conn, &key).await?;
        }
        let held = Held::new(taken.conn, taken.identity);
        crash::point("postgres:numbered");
        let slot = PostgresSlot::new(self, key, held, taken.numbers, turn);
        Ok(Some(slot))
    }

    /// Takes a number, and looks in the same turn of what is stored.
    async fn take(&self, conn: Conn, key: &StoreKey) -> Result<Taken, Error> {
        // In digits alone, a key needs no quoting.
        let digits = key.as_str().bytes().map(|byte| format!("{byte:02x}"));
        let sql = format!(
            "SELECT nextval('{}')::text, {IDENTITY}, (SELECT version::text FROM {}.auth_logins \
             WHERE key = convert_from(decode('{}', 'hex'), 'UTF8'))",
            self.sequence(),
            self.schema,
            digits.collect::<String>(),
        );
        let (conn, rows) = conn.run(&sql).await?;
        let row = rows.first().ok_or_else(error::foreign)?;
        let number = |text: String| text.parse().map_err(|_| error::foreign());
        let version: Option<String> = row.try_get(2).map_err(|e| error::of(&e))?;
        Ok(Taken {
            numbers: Numbers::block(number(text(row, 0)?)?),
            identity: text(row, 1)?,
            version: version.map(number).transpose()?,
            conn,
        })
    }

    /// Returns the statement after which the sequence gives numbers above that of `version`.
    ///
    /// It must not go back: others take numbers at the same time, and may do the same. So one at a time looks and sets,
    /// and sets it further ahead than numbers can be taken in between. The block is undone, which gives that lock back;
    /// what becomes of a sequence is never undone.
    fn raise(&self, version: u64) -> String {
        let sequence = self.sequence();
        let above = Numbers::after(version).number();
        let (one, _) = lock_numbers_of(&[&self.schema, "numbers"]);
        format!(
            "DO $raise$ BEGIN PERFORM pg_advisory_xact_lock({one}); \
             IF nextval('{sequence}') < {above} THEN PERFORM setval('{sequence}', {above} + {AHEAD}); END IF; \
             RAISE SQLSTATE 'ZZ000'; EXCEPTION WHEN SQLSTATE 'ZZ000' THEN NULL; END $raise$"
        )
    }

    fn sequence(&self) -> String {
        // Within a literal; whatever the setting for backslashes, the name has to be one identifier.
        format!("{}.auth_logins_numbers", self.schema).replace('\'', "''")
    }
}

#[async_trait]
impl Backend for PostgresStore {
    type Slot = PostgresSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        self.0.read(key).await
    }

    async fn lock(&self, key: &StoreKey) -> Result<PostgresSlot, Error> {
        // In this process one alone asks the server for a key, so that the others take no connections.
        let turn = self.0.turns.wait(key).await;
        let (mut give, take) = oneshot::channel();
        let (inner, key) = (Arc::clone(&self.0), key.clone());
        // The wait goes on without its caller until the server answers: a connection that is dropped while it waits
        // would leave a session behind, and many of them all sessions that there are.
        tokio::spawn(async move {
            let outcome = match inner.lock(key, turn, &mut give).await {
                Ok(None) => return,
                Ok(Some(slot)) => Ok(slot),
                Err(error) => Err(error),
            };
            if let Err(Ok(slot)) = give.send(outcome) {
                // Nobody is there to be told; a connection that fails is closed, and the key is unlocked.
                let _ = slot.release().await;
            }
        });
        take.await.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Unavailable,
                "the runtime is ending; take the lock in another one",
            ))
        })
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        let query = self.0.query("SELECT key FROM {}");
        let (conn, rows) = self.0.begin().await?.fetch(query).await?;
        conn.end("COMMIT").await?;
        rows.iter().map(|row| text(row, 0)?.parse()).collect()
    }
}

/// Returns a setting in milliseconds, at most the highest that the server takes.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .min(i32::MAX as u64)
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.0.schema)
            .field("locks", &self.0.locks)
            .field("data", &self.0.data)
            .finish_non_exhaustive()
    }
}
