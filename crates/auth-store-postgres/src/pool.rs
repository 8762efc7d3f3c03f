//! A bounded pool. A connection comes back only from a transaction that ended well; any other one is closed, and the
//! server undoes what was begun on it. So no dropped future can leave something behind for the next user.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_core::{Clock, Error, ErrorKind, SystemClock};
use auth_store::within;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error;

/// What is idle for longer may have been cut off by a firewall, which shows only after a long silence.
const IDLE: Duration = Duration::from_secs(60);

/// The code of the error that says that all connections are in use.
const EXHAUSTED: &str = "pool_exhausted";

/// A bounded number of connections, handed out in the order in which they were asked for.
pub(crate) struct Pool {
    options: PgConnectOptions,
    permits: Arc<Semaphore>,
    /// How many wait for a permit.
    waiting: AtomicUsize,
    idle: Mutex<Vec<(PgConnection, Duration)>>,
    limits: Limits,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) acquire: Duration,
    pub(crate) answer: Duration,
}

/// A connection in use.
pub(crate) struct Conn {
    raw: PgConnection,
    pool: Arc<Pool>,
    permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, size: usize, limits: Limits) -> Self {
        Self {
            options,
            permits: Arc::new(Semaphore::new(size)),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            limits,
        }
    }

    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Conn, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned();
        let waiting = Waiting::new(&self.waiting);
        let Some(Ok(permit)) = within(self.limits.acquire, permit).await else {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "all connections to the database are in use; allow more of them, or try again later",
            )
            .with_code(EXHAUSTED));
        };
        drop(waiting);
        let raw = match self.pop().await {
            Some(raw) => raw,
            None => answer(self.limits.answer, self.options.connect()).await?,
        };
        Ok(Conn {
            raw,
            pool: Arc::clone(self),
            permit,
        })
    }

    /// Returns whether somebody waits until a connection is given back.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Returns an idle connection that is alive.
    async fn pop(&self) -> Option<PgConnection> {
        let (mut raw, since) = self.idle().pop()?;
        let fresh = SystemClock::new().monotonic().saturating_sub(since) < IDLE;
        if fresh && answer(self.limits.answer, raw.ping()).await.is_ok() {
            return Some(raw);
        }
        // What happened to one happened to all.
        let gone = std::mem::take(&mut *self.idle());
        drop(gone);
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(PgConnection, Duration)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for a permit, for as long as this is there.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Conn {
    /// Runs statements without parameters, as one message, and returns the rows, whose columns are text.
    pub(crate) async fn run(self, sql: &str) -> Result<(Self, Vec<PgRow>), Error> {
        self.wait(sql, Duration::ZERO).await
    }

    /// Runs statements that wait on purpose, so that the answer may come that much `later`.
    pub(crate) async fn wait(
        mut self,
        sql: &str,
        later: Duration,
    ) -> Result<(Self, Vec<PgRow>), Error> {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.raw);
        let limit = self.pool.limits.answer.saturating_add(later);
        let rows = answer(limit, statements).await?;
        Ok((self, rows))
    }

    /// Runs one statement and returns its rows.
    pub(crate) async fn fetch(
        mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<(Self, Vec<PgRow>), Error> {
        let rows = query.persistent(false).fetch_all(&mut self.raw);
        let rows = answer(self.pool.limits.answer, rows).await?;
        Ok((self, rows))
    }

    /// Runs one statement and returns how many rows it changed.
    pub(crate) async fn execute(
        mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<(Self, u64), Error> {
        let work = query.persistent(false).execute(&mut self.raw);
        let done = answer(self.pool.limits.answer, work).await?;
        Ok((self, done.rows_affected()))
    }

    /// Ends the transaction with `COMMIT` or `ROLLBACK`, and gives the connection back.
    pub(crate) async fn end(self, how: &'static str) -> Result<(), Error> {
        let (conn, _) = self.run(how).await?;
        conn.give_back();
        Ok(())
    }

    /// Gives the connection back, on which no transaction is open.
    pub(crate) fn give_back(self) {
        let Self { raw, pool, permit } = self;
        pool.idle().push((raw, SystemClock::new().monotonic()));
        // After the push: whoever gets the permit must find the connection.
        drop(permit);
    }
}

/// Waits for an answer of the server. Where none comes, what waited is dropped, and with it the connection.
async fn answer<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Error> {
    match within(limit, work).await {
        Some(outcome) => outcome.map_err(|foreign| error::of(&foreign)),
        None => Err(error::silent()),
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("free", &self.permits.available_permits())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
