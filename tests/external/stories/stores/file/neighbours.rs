//! Other users, other programs, and a umask that takes nothing away.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    process::Command,
};

use auth_core::{ErrorKind, TokenSet, TokenStore, store::save_login};
use auth_store_file::FileStore;

use super::{again, key, names, plain};

#[tokio::test]
async fn everything_is_closed_to_others_whatever_the_umask() {
    let test = "everything_is_closed_to_others_whatever_the_umask";
    let Some(place) = again::under(again::OPEN, module_path!(), test) else {
        return;
    };
    let logins = place.join("above/logins");
    let store = plain(&logins);
    save_login(&store, &key(), &TokenSet::login("made-up".into()))
        .await
        .unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.join("above")), 0o700);
    assert_eq!(mode(&logins), 0o700);
    let files = names(&logins, "");
    assert_eq!(files.len(), 2);
    for name in files {
        assert_eq!(mode(&logins.join(&name)), 0o600, "{name}");
    }
    // The umask is what the story says.
    fs::write(place.join("other"), "").unwrap();
    assert_eq!(mode(&place.join("other")), 0o666);
}

#[tokio::test]
async fn fault_49_what_belongs_to_another_user_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = |error: auth_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains("belongs to another user"),
            "{error}"
        );
    };
    if fs::metadata(place.path()).unwrap().uid() != 0 {
        // Who is not root cannot give anything away, but much belongs to root.
        return refused(FileStore::open("/").unwrap_err());
    }
    let logins = place.path().join("logins");
    let store = plain(&logins);
    let set = TokenSet::login("made-up".into());
    save_login(&store, &key(), &set).await.unwrap();
    let login = logins.join(&names(&logins, ".login")[0]);
    chown(&login, Some(4711), None).unwrap();
    refused(store.load(&key()).await.unwrap_err());
    refused(save_login(&store, &key(), &set).await.unwrap_err());
    chown(&login, Some(0), None).unwrap();
    let lock = logins.join(&names(&logins, ".lock")[0]);
    chown(&lock, Some(4711), None).unwrap();
    refused(save_login(&store, &key(), &set).await.unwrap_err());
    chown(&logins, Some(4711), None).unwrap();
    refused(FileStore::open(&logins).unwrap_err());
}

#[tokio::test]
async fn programs_that_are_started_do_not_get_the_lock() {
    let place = tempfile::tempdir().unwrap();
    let logins = place.path().join("logins");
    let store = plain(&logins);
    let _lease = store.lease(&key()).await.unwrap();
    let files = |process: &str| {
        let folder = format!("/proc/{process}/fd");
        let list = Command::new("ls").args(["-l", &folder]).output();
        String::from_utf8(list.unwrap().stdout).unwrap()
    };
    let logins = logins.to_str().unwrap();
    assert!(files(&std::process::id().to_string()).contains(logins));
    assert!(!files("self").contains(logins));
}
