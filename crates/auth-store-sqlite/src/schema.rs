//! What is in the database, and whose it is.

use auth_core::{Error, ErrorKind};
use sqlx::{Decode, Type};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use crate::error::told;

/// Tells a database of this store from any other: the letters of "auth".
const APPLICATION: i64 = 0x6175_7468;
/// The newest arrangement of tables that this version of the crate knows.
const NEWEST: i64 = 1;
/// Made as a whole or not at all. Whoever stops half-way closes the connection, which takes everything back.
const CREATE: &str = "\
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS login (
        key TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        changed_at INTEGER NOT NULL
    ) STRICT;
    PRAGMA application_id = 1635087464;
    PRAGMA user_version = 1;
    COMMIT";

/// Finds the tables, or makes them in an empty database, and turns the write-ahead log on.
pub(crate) async fn prepare(connection: &mut SqliteConnection) -> Result<(), Error> {
    // As of one moment: somebody may be making the tables right now.
    run(connection, "BEGIN").await?;
    let application: i64 = one(connection, "PRAGMA application_id").await?;
    let version: i64 = one(connection, "PRAGMA user_version").await?;
    let things: i64 = one(connection, "SELECT count(*) FROM sqlite_master").await?;
    run(connection, "COMMIT").await?;
    match (application, version) {
        (APPLICATION, 1..=NEWEST) => write_ahead(connection).await,
        (APPLICATION, _) => Err(Error::new(
            ErrorKind::Configuration,
            "the database was written by a newer version of this store; upgrade",
        )
        .with_code("newer_schema")),
        (0, 0) if things == 0 => {
            write_ahead(connection).await?;
            run(connection, CREATE).await
        }
        _ => Err(Error::new(
            ErrorKind::Configuration,
            "the database belongs to something else; name a file of its own for the logins",
        )
        .with_code("foreign_database")),
    }
}

/// Turns the log on, which stays with the file. Readers then wait for nobody, and a commit is one sync.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mode: String = one(connection, "PRAGMA journal_mode").await?;
    if mode == "wal" {
        return Ok(());
    }
    let mode: String = one(connection, "PRAGMA journal_mode = WAL").await?;
    if mode == "wal" {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        "SQLite can keep no write-ahead log here; use a local disk, not one of the network",
    )
    .with_code("no_write_ahead_log"))
}

/// Makes sure that SQLite took each setting: it ignores those that it does not know.
pub(crate) async fn verify(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mode: String = one(connection, "PRAGMA journal_mode").await?;
    // 2 is FULL: the log is synced before a commit returns.
    let synchronous: i64 = one(connection, "PRAGMA synchronous").await?;
    let secure_delete: i64 = one(connection, "PRAGMA secure_delete").await?;
    if (mode.as_str(), synchronous, secure_delete) == ("wal", 2, 1) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        "this SQLite does not take the settings that make a save durable; link another one",
    )
    .with_code("settings_ignored"))
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Error> {
    let done = sqlx::raw_sql(sql).execute(connection).await;
    done.map(drop).map_err(|error| told(&error))
}

/// Returns the one value that a statement gives.
async fn one<T>(connection: &mut SqliteConnection, sql: &'static str) -> Result<T, Error>
where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + Unpin,
{
    let value = sqlx::query_scalar(sql).fetch_one(connection).await;
    value.map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_names_both_numbers() {
        assert!(CREATE.contains(&format!("application_id = {APPLICATION};")));
        assert!(CREATE.contains(&format!("user_version = {NEWEST};")));
    }
}
