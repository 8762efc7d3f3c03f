//! The stores that need no server, in plain text and sealed. Each is opened twice, as by two processes.

use std::path::Path;

use auth_core::TokenStore;
use auth_store::{Backend, Keys};
use auth_store_file::FileStore;
use auth_store_keyring::KeyringStore;
use auth_store_sqlite::SqliteStore;
use auth_testkit::contract::{self, StoreFixture};
use keyring_core::mock;

/// Enough for any token, and little enough for every run.
const LARGEST: usize = 32 * 1024;

async fn holds(store: impl TokenStore + 'static, other: impl TokenStore + 'static) {
    let fixture = StoreFixture::new(store, other).largest(LARGEST).tasks(16);
    contract::token_store(&fixture).await;
}

fn keys() -> Keys {
    Keys::new("only", [7; 32]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_files_is_a_token_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FileStore::open(folder.path().join("logins")).unwrap();
    holds(open().in_plain_text(), open().in_plain_text()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_sealed_files_is_a_token_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FileStore::open(folder.path().join("logins")).unwrap();
    holds(open().sealed(keys()), open().sealed(keys())).await;
}

async fn database(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("logins.db")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_sqlite_is_a_token_store() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (database(folder.path()).await, database(folder.path()).await);
    holds(one.in_plain_text(), other.in_plain_text()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_database_of_sqlite_is_a_token_store() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (database(folder.path()).await, database(folder.path()).await);
    holds(one.sealed(keys()), other.sealed(keys())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_keyring_is_a_token_store() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = mock::Store::new().unwrap();
    let open = || {
        let keyring = std::sync::Arc::clone(&keyring);
        let store = KeyringStore::with_store("stories", keyring, folder.path().join("locks"));
        store.unwrap().sealed(keys())
    };
    holds(open(), open()).await;
}
