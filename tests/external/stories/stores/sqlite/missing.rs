//! Files that are taken away under an open store.

use std::fs;

use auth_core::{TokenStore, store::save_login};
use auth_store::Backend;

use super::{Scene, database, key, login, open, soon, stored};

#[tokio::test]
async fn fault_54_a_deleted_database_is_told_and_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    save_login(&store, &key(), &login("old")).await.unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    fs::remove_file(database(folder.path())).unwrap();
    let errors = [
        soon(lease.save(Some(version), &login("new")))
            .await
            .unwrap_err(),
        soon(lease.remove(version)).await.unwrap_err(),
        soon(store.load(&key())).await.unwrap_err(),
        soon(store.list()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), Some("database_replaced"));
    }
    assert!(!database(folder.path()).exists());
}

#[tokio::test]
async fn fault_54_a_database_that_was_replaced_is_told_and_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    save_login(&store, &key(), &login("old")).await.unwrap();
    let backup = open(other.path()).await.in_plain_text();
    save_login(&backup, &key(), &login("backup")).await.unwrap();
    drop(backup);
    fs::rename(database(other.path()), database(folder.path())).unwrap();
    let error = save_login(&store, &key(), &login("new")).await.unwrap_err();
    assert_eq!(error.code(), Some("database_replaced"));
    assert!(store.load(&key()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_54_tokens_are_served_while_the_database_is_away_and_saved_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::in_folder(folder.path()).await;
    assert_eq!(scene.access().await, "a-1");
    let aside = folder.path().join("aside");
    fs::rename(database(folder.path()), &aside).unwrap();
    scene.renews_without_the_store("a-2").await;
    fs::rename(&aside, database(folder.path())).unwrap();
    assert_eq!(stored(&scene.store).await.as_deref(), Some("r-1"));
    scene.saves("r-2").await;
}
