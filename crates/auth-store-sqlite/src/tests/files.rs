//! Modes, owners, links, and files that disappear.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
};

use super::*;
use auth_core::ErrorKind;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn nobody_else_can_open_any_of_the_files_in_whatever_umask() {
    // It stays for the whole process: no other test minds either.
    rustix::process::umask(rustix::fs::Mode::empty());
    let home = Home::new();
    let store = home.store().await;
    write(&store, &key(), "body").await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&home.beside(suffix)), 0o600, "{suffix}");
    }
    assert_eq!(mode(&home.beside("-locks")), 0o700);
    let names = fs::read_dir(home.folder.path()).unwrap();
    assert_eq!(names.count(), 4, "nothing else is left behind");
}

#[tokio::test]
async fn files_that_are_open_to_others_are_refused() {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let home = Home::new();
        drop(raw(&home.database()).await);
        fs::set_permissions(home.database(), Permissions::from_mode(0o600)).unwrap();
        fs::write(home.beside(suffix), "").unwrap();
        for open in [0o640, 0o604, 0o620] {
            fs::set_permissions(home.beside(suffix), Permissions::from_mode(open)).unwrap();
            let error = home.open().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{suffix} {open:o}");
            assert!(error.to_string().contains("0600"), "{error}");
        }
    }
}

#[tokio::test]
async fn links_and_folders_are_refused() {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let home = Home::new();
        let elsewhere = home.folder.path().join("elsewhere");
        symlink(&elsewhere, home.beside(suffix)).unwrap();
        let error = home.open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{suffix}");
        assert!(!elsewhere.exists());
    }
    let home = Home::new();
    fs::create_dir(home.database()).unwrap();
    assert_eq!(
        home.open().await.unwrap_err().kind(),
        ErrorKind::Configuration
    );
}

#[tokio::test]
async fn a_file_of_another_user_is_refused() {
    let home = Home::new();
    let foreign = if rustix::process::geteuid().is_root() {
        drop(home.store().await);
        chown(home.database(), Some(65_534), None).unwrap();
        home.database()
    } else {
        "/etc/passwd".into()
    };
    let error = SqliteStore::open(foreign).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("another user"), "{error}");
}

#[tokio::test]
async fn a_path_that_cannot_be_is_refused() {
    let home = Home::new();
    let folder = home.folder.path();
    for path in [folder.join("none/logins.db"), folder.join("..")] {
        let error = SqliteStore::open(path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_once_a_file_is_gone_and_all_is_well_when_it_is_back() {
    for suffix in ["", "-wal", "-shm"] {
        let home = Home::new();
        let store = home.store().await;
        let version = write(&store, &key(), "kept").await.unwrap();
        let mut slot = store.lock(&key()).await.unwrap();
        let aside = home.folder.path().join("aside");
        fs::rename(home.beside(suffix), &aside).unwrap();
        let value = Value::new(version + 1, Secret::from("lost"));
        let replaced = Some("database_replaced");
        let errors = [
            slot.write(Some(version), &value).await.unwrap_err(),
            slot.erase(version).await.unwrap_err(),
            slot.read().await.unwrap_err(),
            store.keys().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.code(), replaced, "{suffix}");
            assert_eq!(error.kind(), ErrorKind::Unavailable);
        }
        // Another file under the same name is not the same file.
        fs::write(home.beside(suffix), "").unwrap();
        fs::set_permissions(home.beside(suffix), Permissions::from_mode(0o600)).unwrap();
        let error = slot.write(Some(version), &value).await.unwrap_err();
        assert_eq!(error.code(), replaced, "{suffix}");
        fs::rename(&aside, home.beside(suffix)).unwrap();
        assert_eq!(body(&store, &key()).await.as_deref(), Some("kept"));
        let value = Value::new(version + 1, Secret::from("new"));
        slot.write(Some(version), &value).await.unwrap();
    }
}
