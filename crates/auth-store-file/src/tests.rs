mod contract;
mod faults;

use std::path::PathBuf;

use auth_core::{Secret, StoreKey};
use auth_store::{Backend, PrivateFolder, Slot, Value};
use tempfile::TempDir;

use crate::FileStore;

/// A store in a folder that goes with the test.
fn place() -> (TempDir, FileStore) {
    let place = tempfile::tempdir().unwrap();
    let store = FileStore::open(place.path().join("logins")).unwrap();
    (place, store)
}

fn alice() -> StoreKey {
    StoreKey::new(["file", "alice"])
}

fn path(place: &TempDir, key: &StoreKey, end: &str) -> PathBuf {
    let name = PrivateFolder::name_of(key) + end;
    place.path().join("logins").join(name)
}

/// Writes a text over whatever is stored, and returns its version.
async fn put(store: &FileStore, key: &StoreKey, text: &str) -> u64 {
    let mut slot = store.lock(key).await.unwrap();
    let expected = slot.read().await.unwrap().map(|value| value.version);
    let version = slot.numbers().take().unwrap();
    let value = Value::new(version, Secret::from(text));
    slot.write(expected, &value).await.unwrap();
    slot.release().await.unwrap();
    version
}

async fn get(store: &FileStore, key: &StoreKey) -> Option<String> {
    let value = store.read(key).await.unwrap();
    value.map(|value| value.body.expose().to_owned())
}
