//! The store in files, on real file systems, in processes of their own.
//!
//! Damaged files, things planted in their places and file systems without locks (faults 48, 49 and 53) are tested in
//! the crates themselves, where no other process is needed.

mod again;
mod cancelled;
mod killed;
mod neighbours;
mod power;
mod room;
mod secrets;

use std::{future::Future, path::Path, time::Duration};

use auth_core::{StoreKey, TokenStore};
use auth_store::{Backend, Durable};
use auth_store_file::FileStore;
use tokio::time::timeout;

fn key() -> StoreKey {
    StoreKey::new(["file", "made-up user"])
}

fn plain(place: &Path) -> Durable<FileStore> {
    FileStore::open(place).unwrap().in_plain_text()
}

/// Returns the refresh token that is stored.
async fn stored(store: &impl TokenStore) -> Option<String> {
    let record = store.load(&key()).await.unwrap()?;
    Some(record.set.refresh().unwrap().expose().to_owned())
}

/// Returns the names in a folder that end so.
fn names(place: &Path, end: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(end)).collect()
}

/// Waits for what must happen, with a limit that only a hang reaches.
async fn soon<F: Future>(what: F) -> F::Output {
    timeout(Duration::from_secs(30), what)
        .await
        .expect("it takes too long")
}
