//! The store on a real file, in this process.

mod contents;
mod files;
mod schema;
mod settings;

use std::path::{Path, PathBuf};

use auth_core::{Error, Secret, StoreKey};
use auth_store::{Backend, Slot, Value};
use auth_testkit::contract::{StoreFixture, token_store};
use sqlx::ConnectOptions;
use sqlx_sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use crate::SqliteStore;

/// A folder of its own for one test, and the name of a database in it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("logins.db")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("logins.db{suffix}"))
    }

    async fn open(&self) -> Result<SqliteStore, Error> {
        SqliteStore::open(self.database()).await
    }

    async fn store(&self) -> SqliteStore {
        self.open().await.unwrap()
    }
}

fn key() -> StoreKey {
    StoreKey::new(["example", "alice"])
}

/// Opens the file as any other program would.
async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.create_if_missing(true).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// Writes the first value of `key`, or the next one.
async fn write(store: &SqliteStore, key: &StoreKey, body: &str) -> Result<u64, Error> {
    let mut slot = store.lock(key).await?;
    let expected = slot.read().await?.map(|value| value.version);
    let version = slot.numbers().take().unwrap();
    let value = Value::new(version, Secret::from(body));
    slot.write(expected, &value).await?;
    slot.release().await?;
    Ok(version)
}

async fn body(store: &SqliteStore, key: &StoreKey) -> Option<String> {
    let value = store.read(key).await.unwrap()?;
    Some(value.body.expose().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_to_the_contract_of_a_store() {
    let home = Home::new();
    let (one, other) = (home.store().await, home.store().await);
    let fixture = StoreFixture::new(one.in_plain_text(), other.in_plain_text());
    token_store(&fixture.largest(128 * 1024)).await;
}

#[tokio::test]
async fn it_keeps_to_the_contract_on_one_thread() {
    let home = Home::new();
    let (one, other) = (home.store().await, home.store().await);
    let fixture = StoreFixture::new(one.in_plain_text(), other.in_plain_text());
    token_store(&fixture.largest(128 * 1024).tasks(8)).await;
}

#[test]
fn its_parts_can_be_sent_and_shared() {
    fn is<T: Send + Sync>() {}
    is::<SqliteStore>();
    is::<crate::SqliteSlot>();
}
