//! The store: one database file and the locks beside it.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Secret, StoreKey};
use auth_store::{Backend, LockFolder, PrivateFolder, Value, crash};
use sqlx::{Row, query};
use sqlx_sqlite::SqliteRow;
use tokio::runtime::Handle;

use crate::{
    connection::{self, Role, Seat, Statement},
    error::{told, unreadable},
    place::Place,
    schema,
    slot::SqliteSlot,
};

/// What [`auth_store::Durable`] writes at most; a longer text was written by something else.
const LONGEST: i64 = 256 * 1024;

/// Logins in a SQLite database, for all processes of one machine. Cheap to clone.
///
/// It has two connections: writes wait for each other, reads for other reads. A login is locked by a file in the folder
/// `<database>-locks`, never by a transaction, so an exchange under way keeps nobody else from writing.
///
/// # Example
///
/// ```
/// use auth_core::{StoreKey, TokenStore};
/// use auth_store::Backend;
/// use auth_store_sqlite::SqliteStore;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("logins.db");
/// let store = SqliteStore::open(path).await?.in_plain_text();
/// assert!(store.load(&StoreKey::new(["example", "alice"])).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    place: Arc<Place>,
    locks: LockFolder,
    reader: Seat,
    writer: Seat,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes one that only this user can open, in a folder that exists.
    ///
    /// Open a path once in a process and clone what you get.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the file is a link, belongs to or is
    /// open to another user (code `foreign_database` where it belongs to another program, `newer_schema` to a newer
    /// version of this one), or where SQLite cannot be durable there (`no_write_ahead_log`, `settings_ignored`);
    /// [`ErrorKind::Protocol`] where it is damaged or no database, and
    /// [`ErrorKind::Unavailable`] where it is locked or the disk is full.
    ///
    /// # Cancellation
    ///
    /// What was begun goes on without you, and leaves a database that can be opened.
    pub async fn open(path: impl AsRef<Path> + Send) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Configuration,
                "a store is opened in a Tokio runtime only; call it from within one",
            )
        })?;
        // A task of its own keeps the lock until SQLite is done, which does not stop when nobody waits.
        let opened = runtime.spawn(async move { Self::prepare(&path).await });
        opened.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                Error::new(ErrorKind::Protocol, "opening the store panicked; report it")
            } else {
                ending()
            })
        })
    }

    async fn prepare(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let place = Place::prepare(&path)?;
            let locks = LockFolder::open(place.locks())?;
            Ok((Arc::new(place), locks))
        });
        let (place, locks) = found.await.unwrap_or_else(|_| Err(ending()))?;
        // One at a time: turning the log on needs the database for itself and does not wait for it.
        let lock = locks
            .lock(&StoreKey::new(["auth-store-sqlite", "open"]))
            .await?;
        let mut first = connection::open(connection::options(&place), Role::Writer).await?;
        crash::point("sqlite:opened");
        schema::prepare(&mut first).await?;
        crash::point("sqlite:prepared");
        let store = Self(Arc::new(Shared {
            reader: Seat::new(&place, Role::Reader),
            writer: Seat::new(&place, Role::Writer),
            locks,
            place,
        }));
        store.0.writer.take().await?;
        store.0.reader.take().await?;
        drop(first);
        lock.release().await;
        Ok(store)
    }

    /// Returns the connection that changes things.
    pub(crate) fn writer(&self) -> &Seat {
        &self.0.writer
    }

    /// Returns all rows that a statement gives.
    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<SqliteRow>, Error> {
        self.0.reader.rows(statement).await
    }
}

#[async_trait]
impl Backend for SqliteStore {
    type Slot = SqliteSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        let statement = query(
            "SELECT version, CASE WHEN length(CAST(body AS BLOB)) <= ? THEN body END FROM login WHERE key = ?",
        );
        let statement = statement.bind(LONGEST).bind(key.as_str().to_owned());
        let rows = self.rows(statement).await?;
        let value = |row: &SqliteRow| {
            let body: Option<String> = column(row, 1)?;
            let body = body.map(Secret::new).ok_or_else(unreadable)?;
            Ok(Value::new(version(row)?, body))
        };
        rows.first().map(value).transpose()
    }

    async fn lock(&self, key: &StoreKey) -> Result<SqliteSlot, Error> {
        let mut lock = self.0.locks.lock(key).await?;
        crash::point("sqlite:locked");
        let statement = query("SELECT version FROM login WHERE key = ?");
        let rows = self.rows(statement.bind(key.as_str().to_owned())).await?;
        // The numbers of the lock are behind where its folder was lost or the database came from elsewhere.
        // One that is no version is nobody's to follow. Who reads the row hears of it.
        if let Some(Ok(version)) = rows.first().map(version) {
            let raise = move |_: &PrivateFolder| lock.raise(version).map(|()| lock);
            lock = self.0.locks.folder().run(raise).await?;
        }
        Ok(SqliteSlot::new(self.clone(), key.clone(), lock))
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        let rows = self.rows(query("SELECT key FROM login")).await?;
        let key = |row| column::<String>(row, 0)?.parse();
        rows.iter().map(key).collect()
    }
}

fn ending() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the runtime is ending; open the store in another one",
    )
}

fn version(row: &SqliteRow) -> Result<u64, Error> {
    u64::try_from(column::<i64>(row, 0)?).map_err(|_| unreadable())
}

fn column<'r, T>(row: &'r SqliteRow, index: usize) -> Result<T, Error>
where
    T: sqlx::Decode<'r, sqlx_sqlite::Sqlite> + sqlx::Type<sqlx_sqlite::Sqlite>,
{
    row.try_get(index).map_err(|error| told(&error))
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.0.place.path())
            .finish_non_exhaustive()
    }
}
