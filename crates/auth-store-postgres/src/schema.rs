//! The table: whether it is there, in which version, and how it comes to be.

use auth_core::{Error, ErrorKind};
use sqlx::{Row, postgres::PgRow};

use crate::{PostgresConfig, error, pool::Conn};

#[cfg(test)]
mod tests;

/// Each step takes the table from the version of its index to the next one.
const STEPS: &[&str] = &[include_str!("../migrations/1.sql")];

/// The lock under which the steps are taken, so that replicas that start together take each of them once.
const LOCK: i64 = i64::from_be_bytes(*b"auth_log");

/// Makes sure that server and table are fit for logins, and returns the schema of the table, quoted.
pub(crate) async fn prepare(conn: Conn, config: &PostgresConfig) -> Result<String, Error> {
    let (conn, rows) = conn
        .run(
            "SELECT pg_is_in_recovery()::text, current_setting('fsync'), current_setting('server_encoding'), \
             current_setting('full_page_writes')",
        )
        .await?;
    let server = rows.first().ok_or_else(error::foreign)?;
    if text(server, 0)? == "true" {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "the database is in recovery; wait for it, or connect to the primary",
        )
        .with_code("25006"));
    }
    if text(server, 1)? != "on" && !config.without_fsync {
        return Err(configuration(
            "the server runs with fsync = off and loses logins in a crash; turn it on",
        ));
    }
    if text(server, 3)? != "on" && !config.without_fsync {
        return Err(configuration(
            "the server runs with full_page_writes = off and may damage logins in a crash; turn it on",
        ));
    }
    if text(server, 2)? != "UTF8" {
        return Err(configuration(
            "the encoding of the database is not UTF8; keep logins in one that is",
        ));
    }
    let (conn, found) = find(conn, config).await?;
    let (conn, found) = match found {
        Some(found) if found.version == STEPS.len() => (conn, found),
        _ if !config.migrates => return Err(outdated()),
        _ => migrate(conn, config).await?,
    };
    conn.give_back();
    Ok(quoted(&found.schema))
}

/// Returns `name` as an identifier, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

struct Found {
    schema: String,
    version: usize,
}

/// Looks for the table.
async fn find(conn: Conn, config: &PostgresConfig) -> Result<(Conn, Option<Found>), Error> {
    let prefix = config.schema.as_deref().map(|name| quoted(name) + ".");
    let name = prefix.unwrap_or_default().replace('\'', "''") + "auth_logins";
    let (conn, rows) = conn
        .run(&format!(
            "SELECT n.nspname::text, c.relpersistence::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = pg_catalog.to_regclass(E'{}')",
            name.replace('\\', "\\\\")
        ))
        .await?;
    let Some(table) = rows.first() else {
        return Ok((conn, None));
    };
    if text(table, 1)? != "p" {
        return Err(configuration(
            "the table auth_logins is unlogged or temporary and is lost in a crash; make it a permanent one",
        ));
    }
    let schema = text(table, 0)?;
    let (conn, rows) = conn
        .run(&format!(
            "SELECT coalesce(max(version), 0)::text FROM {}.auth_logins_schema",
            quoted(&schema)
        ))
        .await?;
    let row = rows.first().ok_or_else(error::foreign)?;
    let version = text(row, 0)?.parse().map_err(|_| error::foreign())?;
    if version > STEPS.len() {
        return Err(configuration(
            "the table of logins was made by a newer version of this library; update this program",
        )
        .with_code("newer_schema"));
    }
    Ok((conn, Some(Found { schema, version })))
}

/// Takes the steps that are missing, all or none.
async fn migrate(conn: Conn, config: &PostgresConfig) -> Result<(Conn, Found), Error> {
    let (mut conn, _) = conn
        .run(&format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
             SELECT pg_advisory_xact_lock({LOCK})"
        ))
        .await?;
    if let Some(schema) = &config.schema {
        let path = format!("SET LOCAL search_path TO {}", quoted(schema));
        (conn, _) = conn.run(&path).await?;
    }
    let (mut conn, found) = find(conn, config).await?;
    let done = found.map_or(0, |found| found.version);
    for step in STEPS.iter().skip(done) {
        (conn, _) = conn.run(step).await?;
    }
    (conn, _) = conn.run("COMMIT").await?;
    let (conn, found) = find(conn, config).await?;
    Ok((conn, found.ok_or_else(outdated)?))
}

fn outdated() -> Error {
    configuration("the table of logins is missing or older than this library; apply the migrations")
        .with_code("outdated_schema")
}

fn configuration(message: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

/// Returns a column as text.
pub(crate) fn text(row: &PgRow, column: usize) -> Result<String, Error> {
    row.try_get(column).map_err(|foreign| error::of(&foreign))
}
