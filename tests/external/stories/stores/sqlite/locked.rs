//! Somebody else holds the lock of the database.

use auth_core::{ErrorKind, StoreKey, TokenStore, store::save_login};
use auth_store::Backend;

use super::{Scene, key, login, open, soon, stored, stranger, tell};

const TAKE: &str = "BEGIN IMMEDIATE; UPDATE login SET changed_at = changed_at + 1";

#[tokio::test]
async fn fault_54_a_lock_that_stays_is_told_after_a_bounded_wait_and_keeps_no_reader_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    save_login(&store, &key(), &login("old")).await.unwrap();
    let mut other = stranger(folder.path()).await;
    tell(&mut other, TAKE).await;
    let begun = std::time::Instant::now();
    let error = soon(save_login(&store, &key(), &login("new")))
        .await
        .unwrap_err();
    // SQLite was told to wait, and did.
    assert!(begun.elapsed().as_secs() >= 1);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), Some("sqlite_5"));
    assert_eq!(stored(&store).await.as_deref(), Some("old"));
    assert_eq!(store.list().await.unwrap(), [key()]);
    // One who waits gets through as soon as the lock is free.
    let (key, new) = (key(), login("new"));
    let (saved, ()) = tokio::join!(save_login(&store, &key, &new), tell(&mut other, "COMMIT"));
    saved.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_54_while_the_database_is_busy_tokens_are_served_and_saved_later() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::in_folder(folder.path()).await;
    assert_eq!(scene.access().await, "a-1");
    let mut other = stranger(folder.path()).await;
    tell(&mut other, TAKE).await;
    scene.renews_without_the_store("a-2").await;
    assert_eq!(stored(&scene.store).await.as_deref(), Some("r-1"));
    tell(&mut other, "COMMIT").await;
    scene.saves("r-2").await;
}

#[tokio::test]
async fn a_stranger_who_reads_for_long_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    save_login(&store, &key(), &login("old")).await.unwrap();
    let mut other = stranger(folder.path()).await;
    tell(&mut other, "BEGIN; SELECT * FROM login").await;
    save_login(&store, &key(), &login("new")).await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("new"));
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    // Emptying the log has to wait for the stranger, in vain; the login is removed all the same.
    soon(lease.remove(version)).await.unwrap();
    assert_eq!(stored(&store).await, None);
}

#[tokio::test]
async fn fault_54_many_who_wait_for_a_lock_that_stays_wait_no_longer_than_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    let mut other = stranger(folder.path()).await;
    tell(&mut other, "BEGIN IMMEDIATE").await;
    let begun = std::time::Instant::now();
    let outcome = soon(save_login(&store, &key(), &login("new"))).await;
    assert!(outcome.is_err());
    let (one, begun) = (begun.elapsed(), std::time::Instant::now());
    let mut many = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, key) = (store.clone(), StoreKey::new(["many", &number.to_string()]));
        many.spawn(async move { save_login(&store, &key, &login("new")).await });
    }
    for outcome in soon(many.join_all()).await {
        assert_eq!(outcome.unwrap_err().code(), Some("sqlite_5"));
    }
    assert!(begun.elapsed() < one * 4, "they wait for each other");
}

#[tokio::test]
async fn removing_a_login_keeps_nobody_from_writing_while_a_stranger_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    save_login(&store, &key(), &login("old")).await.unwrap();
    let mut reader = stranger(folder.path()).await;
    tell(&mut reader, "BEGIN; SELECT * FROM login").await;
    let mut writer = stranger(folder.path()).await;
    tell(&mut writer, "PRAGMA busy_timeout = 1000").await;
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    let removed = tokio::spawn(async move { lease.remove(version).await });
    soon(async {
        while stored(&store).await.is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A write that is refused ends this story.
    for _ in 0..50 {
        tell(&mut writer, "BEGIN IMMEDIATE; COMMIT").await;
    }
    soon(removed).await.unwrap().unwrap();
}
