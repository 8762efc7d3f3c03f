//! What stores leave on the disk.

use std::{fs, path::Path};

use auth_core::{TokenStore, store::save_login};
use auth_store::{Backend, Keys};
use auth_store_file::FileStore;
use auth_store_sqlite::SqliteStore;

use super::{Planted, Surfaces, shown::set};

/// Saves a login again and again, and reads it.
async fn uses(planted: &Planted, store: &dyn TokenStore) {
    let key = auth_core::StoreKey::new(["demo", "account"]);
    for _ in 0..3 {
        save_login(store, &key, &set(planted)).await.unwrap();
    }
    let found = store.load(&key).await.unwrap().expect("it was saved");
    let refresh = found.set.refresh().expect("it has one");
    assert_eq!(refresh.expose(), planted.refresh, "it can be read");
}

/// Returns where a secret stands beneath a folder, in the name of a file or in what it holds.
fn leaks(planted: &Planted, folder: &Path) -> Vec<String> {
    let mut surfaces = Surfaces::default();
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            surfaces.text("a name", name.clone());
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                let bytes = fs::read(&path).unwrap();
                surfaces.text(&name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    assert!(files > 0, "there is something to look through");
    surfaces.leaks(&planted.canaries())
}

#[tokio::test]
async fn a_sealed_store_leaves_nothing_on_the_disk() {
    let planted = Planted::of_all_characters();
    let folder = tempfile::tempdir().unwrap();
    let keys = || Keys::new("first", *b"KanarieVogel_data_key_of_bytes!!").unwrap();
    let files = FileStore::open(folder.path().join("files")).unwrap();
    uses(&planted, &files.sealed(keys())).await;
    let database = SqliteStore::open(folder.path().join("logins.db"))
        .await
        .unwrap();
    uses(&planted, &database.sealed(keys())).await;
    assert_eq!(leaks(&planted, folder.path()), [""; 0]);
}

#[tokio::test]
async fn what_is_stored_in_plain_text_is_found() {
    let planted = Planted::of_all_characters();
    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::open(folder.path().join("logins")).unwrap();
    uses(&planted, &files.in_plain_text()).await;
    assert!(!leaks(&planted, folder.path()).is_empty());
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteStore::open(folder.path().join("logins.db"))
        .await
        .unwrap();
    uses(&planted, &database.in_plain_text()).await;
    assert!(!leaks(&planted, folder.path()).is_empty());
}
