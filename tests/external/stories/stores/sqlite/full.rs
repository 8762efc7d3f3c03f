//! Disks that take nothing more.

use std::path::Path;

use auth_core::{ErrorKind, StoreKey, TokenStore, store::save_login};
use auth_store::Backend;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Scene, child, database, key, login, open, stored};

/// A disk in memory; the child may be told to write to no file past 300 KiB as well.
const SMALL_DISK: &str =
    r#"mount -t tmpfs -o size=512k tmpfs "$AUTH_STORIES_SQLITE_FOLDER"; exec "$@""#;
const SMALL_FILES: &str = r#"trap "" XFSZ; ulimit -S -f 600; exec "$@""#;

#[test]
fn fault_50_on_a_full_disk_tokens_are_served_and_saved_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    child::play(
        module_path!(),
        "plays_a_small_disk",
        folder.path(),
        SMALL_DISK,
    );
}

#[test]
fn fault_50_past_the_longest_file_tokens_are_served_and_saved_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    child::play(
        module_path!(),
        "plays_small_files",
        folder.path(),
        SMALL_FILES,
    );
}

#[test]
fn fault_51_a_read_only_disk_is_told_and_a_store_on_it_is_opened_later() {
    let folder = tempfile::tempdir().unwrap();
    child::play(
        module_path!(),
        "plays_a_read_only_disk",
        folder.path(),
        SMALL_DISK,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plays_a_small_disk() {
    let Some(folder) = child::folder() else {
        return;
    };
    fills_up(&folder, || child::remount(&folder, "size=16m")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plays_small_files() {
    let Some(folder) = child::folder() else {
        return;
    };
    fills_up(&folder, || {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit {
            current: maximum,
            maximum,
        };
        setrlimit(Resource::Fsize, limit).unwrap();
    })
    .await;
}

async fn fills_up(folder: &Path, make_room: impl FnOnce()) {
    let scene = Scene::in_folder(folder).await;
    assert_eq!(scene.access().await, "a-1");
    let mut fillers = Vec::new();
    while fills(&scene, fillers.len(), 32 * 1024).await {
        fillers.push(filler(fillers.len()));
    }
    assert!(fillers.len() > 3, "the first ones had room");
    // The smallest change there is: one page.
    while fills(&scene, 0, 1).await {}
    scene.renews_without_the_store("a-2").await;
    assert_eq!(stored(&scene.store).await.as_deref(), Some("r-1"));
    make_room();
    scene.saves("r-2").await;
    // What was acknowledged is there, and no more than that.
    drop(scene);
    let store = open(folder).await.in_plain_text();
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
    let listed = store.list().await.unwrap();
    assert_eq!(listed.len(), fillers.len() + 1);
    for filler in fillers {
        assert!(store.load(&filler).await.unwrap().is_some());
    }
}

fn filler(number: usize) -> StoreKey {
    StoreKey::new(["filler", &number.to_string()])
}

/// Saves something large or small, and returns whether there was room.
async fn fills(scene: &Scene, number: usize, size: usize) -> bool {
    let set = login(&"x".repeat(size));
    match save_login(&scene.store, &filler(number), &set).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            assert!(error.code().unwrap().starts_with("sqlite_"), "{error}");
            false
        }
    }
}

#[tokio::test]
async fn plays_a_read_only_disk() {
    let Some(folder) = child::folder() else {
        return;
    };
    child::remount(&folder, "ro");
    let error = super::SqliteStore::open(database(&folder))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    child::remount(&folder, "rw");
    let store = open(&folder).await.in_plain_text();
    save_login(&store, &key(), &login("kept")).await.unwrap();
    drop(store);
    // SQLite closes its files on threads of its own.
    while !tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || try_read_only(&folder)
    })
    .await
    .unwrap()
    {}
    let error = super::SqliteStore::open(database(&folder))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    child::remount(&folder, "rw");
    let store = open(&folder).await.in_plain_text();
    assert_eq!(stored(&store).await.as_deref(), Some("kept"));
}

/// A disk on which a file is open for writing stays writable.
fn try_read_only(folder: &Path) -> bool {
    let done = std::process::Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(folder)
        .stderr(std::process::Stdio::null())
        .status();
    done.unwrap().success()
}
