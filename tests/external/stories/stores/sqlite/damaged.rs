//! Pages that are not as SQLite wrote them.

use std::fs;

use auth_core::{ErrorKind, StoreKey, TokenStore, store::save_login};
use auth_store::Backend;

use super::{closed, database, login, open};

const PAGE: usize = 4096;

fn key(number: usize) -> StoreKey {
    StoreKey::new(["sqlite", &format!("account-{number}")])
}

/// Long enough that no page holds more than one.
fn refresh(number: usize) -> String {
    format!("refresh-{number}-").repeat(250)
}

/// Returns where `text` is in `bytes`.
fn find(bytes: &[u8], text: &str) -> usize {
    let mut windows = bytes.windows(text.len());
    windows.position(|found| found == text.as_bytes()).unwrap()
}

#[tokio::test]
async fn fault_54_a_damaged_page_is_told_and_the_other_logins_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let tokens = store.clone().in_plain_text();
    for number in 0..20 {
        let set = login(&refresh(number));
        save_login(&tokens, &key(number), &set).await.unwrap();
    }
    let mut other = super::stranger(folder.path()).await;
    super::tell(&mut other, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    drop((store, tokens, other));
    closed(folder.path()).await;

    let path = database(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let page = find(&bytes, "refresh-7-refresh-7-") / PAGE * PAGE;
    bytes[page..page + PAGE].fill(0xff);
    // Written in place: a new file would have another mode.
    fs::write(&path, &bytes).unwrap();

    let store = open(folder.path()).await.in_plain_text();
    let error = store.load(&key(7)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.code().unwrap().starts_with("sqlite_"), "{error}");
    assert!(store.lease(&key(7)).await.is_err());
    for number in (0..20).filter(|number| *number != 7) {
        let record = store.load(&key(number)).await.unwrap().unwrap();
        let stored = record.set.refresh().unwrap().expose().to_owned();
        assert_eq!(stored, refresh(number));
    }
    save_login(&store, &key(3), &login("new")).await.unwrap();
}

#[tokio::test]
async fn fault_54_a_damaged_first_page_is_told_and_changed_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    closed(folder.path()).await;
    let path = database(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[..PAGE].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let error = super::SqliteStore::open(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
