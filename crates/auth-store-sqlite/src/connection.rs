//! A connection that one statement at a time uses: a pool of one.

use std::{fmt, sync::Arc, time::Duration};

use auth_core::{Clock, Error, ErrorKind, SystemClock};
use auth_store::until;
use sqlx::{AssertSqlSafe, ConnectOptions, Row, query::Query};
use sqlx_sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow, SqliteSynchronous,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    error::{busy, told},
    place::{Files, Place},
    schema,
};

/// How long one waits for its turn and for a lock that another connection holds, both together.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// One statement with what is bound to it.
pub(crate) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// A connection and whoever waits for it, in the order in which they came.
///
/// The statements of a connection run on a thread of its own, one after the other, each of them in a transaction of
/// its own. So a caller who goes away half-way leaves nothing open: the statement ends, and the next one comes after.
pub(crate) struct Seat {
    place: Arc<Place>,
    role: Role,
    held: Mutex<Option<Held>>,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

struct Held {
    connection: SqliteConnection,
    files: Files,
}

impl Seat {
    pub(crate) fn new(place: &Arc<Place>, role: Role) -> Self {
        Self {
            place: Arc::clone(place),
            role,
            held: Mutex::new(None),
        }
    }

    /// Connects now rather than with the first statement.
    pub(crate) async fn take(&self) -> Result<(), Error> {
        ready(&self.place, self.role, &mut *self.held.lock().await)
            .await
            .map(drop)
    }

    /// Changes something and returns how many rows were changed.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64, Error> {
        let (mut seat, left) = self.turn().await?;
        let held = ready(&self.place, self.role, &mut seat).await?;
        wait(&mut held.connection, left).await?;
        let result = statement.execute(&mut held.connection).await;
        // What was committed to a file that is gone by now may be gone with it.
        let still = still_there(&self.place, held);
        let result = settle(&mut seat, result)?;
        still.map(|()| result.rows_affected())
    }

    /// Returns all rows that a statement gives.
    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<SqliteRow>, Error> {
        let (mut seat, _) = self.turn().await?;
        let held = ready(&self.place, self.role, &mut seat).await?;
        let result = statement.fetch_all(&mut held.connection).await;
        settle(&mut seat, result)
    }

    /// Empties the log, and returns whether nobody was in the way.
    ///
    /// It waits for nobody: SQLite would keep all others from writing meanwhile.
    pub(crate) async fn empty_log(&self) -> Result<bool, Error> {
        let (mut seat, _) = self.turn().await?;
        let held = ready(&self.place, self.role, &mut seat).await?;
        wait(&mut held.connection, Duration::ZERO).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        let row = row.fetch_one(&mut held.connection).await;
        let row = settle(&mut seat, row)?;
        Ok(row.try_get::<i64, _>(0).is_ok_and(|busy| busy == 0))
    }

    /// Waits for the connection, and returns how long its statement may still wait.
    async fn turn(&self) -> Result<(MutexGuard<'_, Option<Held>>, Duration), Error> {
        let clock = SystemClock::new();
        let end = clock.monotonic().saturating_add(PATIENCE);
        let seat = until(clock.sleep_until(end), self.held.lock());
        let seat = seat.await.ok_or_else(busy)?;
        Ok((seat, end.saturating_sub(clock.monotonic())))
    }
}

/// Says how long SQLite waits for a lock that another connection holds before it says that the database is busy.
async fn wait(connection: &mut SqliteConnection, patience: Duration) -> Result<(), Error> {
    let sql = format!("PRAGMA busy_timeout = {}", patience.as_millis());
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(|error| told(&error))
}

/// Returns the connection of a seat, a new one where there is none, to the file that has the name now.
async fn ready<'a>(
    place: &Place,
    role: Role,
    seat: &'a mut Option<Held>,
) -> Result<&'a mut Held, Error> {
    if seat.is_none() {
        *seat = Some(connect(place, role).await?);
    }
    let held = seat
        .as_mut()
        .ok_or_else(|| crate::place::replaced(ErrorKind::Unavailable))?;
    still_there(place, held)?;
    Ok(held)
}

/// Ends a connection that is of no more use.
fn settle<T>(seat: &mut Option<Held>, result: Result<T, sqlx::Error>) -> Result<T, Error> {
    result.map_err(|error| {
        if !matches!(error, sqlx::Error::Database(_)) {
            *seat = None;
        }
        told(&error)
    })
}

fn still_there(place: &Place, held: &Held) -> Result<(), Error> {
    if place.files()? == held.files {
        Ok(())
    } else {
        Err(crate::place::replaced(ErrorKind::Configuration))
    }
}

async fn connect(place: &Place, role: Role) -> Result<Held, Error> {
    let mut connection = open(options(place), role).await?;
    schema::verify(&mut connection).await?;
    // By now SQLite has its log open, and nobody takes it away while this connection is there.
    let files = place.files()?;
    Ok(Held { connection, files })
}

/// Opens a connection as it is, and says what may be done with it.
pub(crate) async fn open(
    options: SqliteConnectOptions,
    role: Role,
) -> Result<SqliteConnection, Error> {
    let options = match role {
        Role::Reader => options.pragma("query_only", "ON"),
        Role::Writer => options,
    };
    options.connect().await.map_err(|error| match error {
        // Its text holds the path; there is no other input to it.
        sqlx::Error::Io(_) => Error::new(
            ErrorKind::Configuration,
            "SQLite cannot open a file of this name",
        ),
        error => told(&error),
    })
}

/// Returns the settings of each connection. None of them changes the file.
pub(crate) fn options(place: &Place) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(place.path())
        .busy_timeout(PATIENCE)
        .synchronous(SqliteSynchronous::Full)
        // Where a sync needs to be told to reach the disk.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        // What was removed or written over is overwritten with zeros in the database file.
        .pragma("secure_delete", "ON")
        // A damaged or hostile file is found early and runs nothing.
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(8)
        .thread_name(|number| format!("auth-store-sqlite-{number}"))
        .disable_statement_logging()
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
