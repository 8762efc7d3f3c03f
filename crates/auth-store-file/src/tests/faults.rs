use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use auth_core::{Error, ErrorKind, TokenSet, TokenStore, store::save_login};
use auth_store::{NEWER_FORMAT, TOO_LARGE, UNREADABLE};
use rustix::fs::{CWD, FileType, Mode};

use super::*;

fn write_with_mode(path: &Path, mode: u32) {
    write_closed(path, b"planted");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn write_closed(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn make_pipe(path: &Path) {
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
}

fn clear(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        fs::remove_dir(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

fn names(place: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(place.path().join("logins")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn fault_48_a_damaged_file_is_told_once_and_put_aside() {
    let (place, store) = place();
    let bob = StoreKey::new(["file", "bob"]);
    put(&store, &bob, "text of bob").await;
    put(&store, &alice(), "text of alice").await;
    let path = path(&place, &alice(), ".login");
    let whole = fs::read(&path).unwrap();
    let other = fs::read(super::path(&place, &bob, ".login")).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut damages = vec![
        Vec::new(),
        b"garbage".to_vec(),
        vec![0; 4096],
        vec![b'a'; 100_000],
        vec![b'\n'; 700_000],
        [&whole[..], b" and more"].concat(),
        flipped,
        other,
    ];
    damages.extend((1..whole.len()).map(|length| whole[..length].to_vec()));
    let mut aside = 0;
    for damage in damages {
        let size = damage.len();
        write_closed(&path, &damage);
        let told = |error: Error| {
            assert_eq!(error.kind(), ErrorKind::Protocol, "{size}");
            assert_eq!(error.code(), Some(UNREADABLE), "{size}");
            assert!(!error.to_string().contains("text of"), "{error}");
        };
        // Reading leaves it where it is.
        told(store.read(&alice()).await.unwrap_err());
        told(store.read(&alice()).await.unwrap_err());
        assert!(store.keys().await.unwrap().contains(&bob));
        let mut slot = store.lock(&alice()).await.unwrap();
        told(slot.read().await.unwrap_err());
        assert!(slot.read().await.unwrap().is_none());
        slot.release().await.unwrap();
        aside += 1;
        let corrupt: Vec<_> = names(&place)
            .into_iter()
            .filter(|name| name.contains(".corrupt-"))
            .collect();
        assert_eq!(corrupt.len(), aside);
        assert!(get(&store, &alice()).await.is_none());
        assert_eq!(get(&store, &bob).await.as_deref(), Some("text of bob"));
    }
    put(&store, &alice(), "a new login").await;
    assert_eq!(get(&store, &alice()).await.as_deref(), Some("a new login"));
}

#[tokio::test]
async fn a_damaged_file_is_not_written_over() {
    let (place, store) = place();
    let path = path(&place, &alice(), ".login");
    let value = Value::new(1, Secret::from("text"));
    for text in ["torn", "torn again"] {
        let mut slot = store.lock(&alice()).await.unwrap();
        write_closed(&path, text.as_bytes());
        let error = slot.write(None, &value).await.unwrap_err();
        assert_eq!(error.code(), Some(UNREADABLE));
        slot.write(None, &value).await.unwrap();
        slot.erase(1).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_and_left_alone() {
    let (place, store) = place();
    put(&store, &alice(), "text").await;
    let path = path(&place, &alice(), ".login");
    let huge = "x".repeat(1 << 20);
    for text in [
        "auth-store-file 2 whatever\n",
        &format!("auth-store-file 31 x\n{huge}"),
    ] {
        fs::write(&path, text).unwrap();
        let refused = |error: Error| {
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.code(), Some(NEWER_FORMAT));
        };
        refused(store.read(&alice()).await.unwrap_err());
        let mut slot = store.lock(&alice()).await.unwrap();
        refused(slot.read().await.unwrap_err());
        let value = Value::new(1, Secret::from("text"));
        refused(slot.write(None, &value).await.unwrap_err());
        refused(slot.erase(1).await.unwrap_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_discarded_on_demand() {
    let (place, store) = place();
    let logins = store.clone().in_plain_text();
    let bob = StoreKey::new(["file", "bob"]);
    put(&store, &bob, "text of bob").await;
    put(&store, &alice(), "{}").await;
    let path = path(&place, &alice(), ".login");
    let whole = fs::read(&path).unwrap();
    let huge = Value::new(u64::MAX, Secret::from("{}"));
    let huge = crate::entry::head(&alice(), &huge) + "{}";
    let plants: [(&[u8], &str); 5] = [
        (b"auth-store-file 2 whatever\n", NEWER_FORMAT),
        (b"", UNREADABLE),
        (b"garbage", UNREADABLE),
        (&whole[..whole.len() - 1], UNREADABLE),
        (huge.as_bytes(), UNREADABLE),
    ];
    for (text, code) in plants {
        write_closed(&path, text);
        let error = logins.load(&alice()).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(logins.discard(&alice()).await.unwrap());
        assert!(!logins.discard(&alice()).await.unwrap());
        assert!(!names(&place).iter().any(|name| name.contains(".corrupt-")));
        assert!(logins.load(&alice()).await.unwrap().is_none());
        let login = TokenSet::login(Secret::from("made-up"));
        save_login(&logins, &alice(), &login).await.unwrap();
    }
    assert!(logins.discard(&alice()).await.unwrap());
    assert_eq!(get(&store, &bob).await.as_deref(), Some("text of bob"));
}

#[tokio::test]
async fn fault_49_what_stands_in_the_place_of_a_login_is_refused() {
    let (place, store) = place();
    let path = path(&place, &alice(), ".login");
    let victim = place.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let plants: [(&str, &dyn Fn()); 6] = [
        ("a link", &|| symlink(&victim, &path).unwrap()),
        ("a dead link", &|| symlink("nowhere", &path).unwrap()),
        ("a pipe", &|| make_pipe(&path)),
        ("a folder", &|| fs::create_dir(&path).unwrap()),
        ("0644", &|| write_with_mode(&path, 0o644)),
        ("0666", &|| write_with_mode(&path, 0o666)),
    ];
    for (name, plant) in plants {
        plant();
        let error = store.read(&alice()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}");
        let error = store.lock(&alice()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}");
        assert_eq!(store.keys().await.unwrap(), []);
        clear(&path);
        put(&store, &alice(), "text").await;
        let mut slot = store.lock(&alice()).await.unwrap();
        let version = slot.read().await.unwrap().unwrap().version;
        slot.erase(version).await.unwrap();
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
}

#[tokio::test]
async fn fault_49_what_stands_in_the_place_of_a_temporary_file_is_removed_and_never_followed() {
    let (place, store) = place();
    let path = path(&place, &alice(), ".temp");
    let victim = place.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let plants: [(&str, &dyn Fn()); 4] = [
        ("a link", &|| symlink(&victim, &path).unwrap()),
        ("a dead link", &|| symlink("nowhere", &path).unwrap()),
        ("a pipe", &|| make_pipe(&path)),
        ("0666", &|| write_with_mode(&path, 0o666)),
    ];
    for (name, plant) in plants {
        let mut slot = store.lock(&alice()).await.unwrap();
        // Planted while the lock is held, so that it is met by the write itself.
        plant();
        let stored = slot.read().await.unwrap().map(|value| value.version);
        let version = slot.numbers().take().unwrap();
        let value = Value::new(version, Secret::from(name));
        slot.write(stored, &value).await.unwrap();
        slot.release().await.unwrap();
        assert_eq!(get(&store, &alice()).await.as_deref(), Some(name));
        let found = fs::metadata(super::path(&place, &alice(), ".login")).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
    let mut slot = store.lock(&alice()).await.unwrap();
    fs::create_dir(&path).unwrap();
    let value = Value::new(1, Secret::from("text"));
    let stored = slot.read().await.unwrap().map(|value| value.version);
    let error = slot.write(stored, &value).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test]
async fn what_a_dead_process_left_half_written_is_removed_when_safe() {
    let (place, store) = place();
    let bob = StoreKey::new(["file", "bob"]);
    let left = path(&place, &alice(), ".temp");
    let written = path(&place, &bob, ".temp");
    let slot = store.lock(&bob).await.unwrap();
    write_with_mode(&left, 0o600);
    write_with_mode(&written, 0o600);
    let _other = FileStore::open(place.path().join("logins")).unwrap();
    assert!(!left.exists());
    assert!(written.exists(), "its writer is alive");
    slot.release().await.unwrap();
    let slot = store.lock(&bob).await.unwrap();
    assert!(!written.exists());
    slot.release().await.unwrap();
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_anything_changes() {
    let (_place, store) = place();
    put(&store, &alice(), "text").await;
    let mut slot = store.lock(&alice()).await.unwrap();
    let stored = slot.read().await.unwrap().map(|value| value.version);
    let large = Value::new(1, Secret::new("x".repeat(256 * 1024 + 1)));
    let error = slot.write(stored, &large).await.unwrap_err();
    assert_eq!(error.code(), Some(TOO_LARGE));
    let fits = Value::new(2, Secret::new("x".repeat(256 * 1024)));
    slot.write(stored, &fits).await.unwrap();
    assert_eq!(get(&store, &alice()).await.unwrap().len(), 256 * 1024);
    let long = StoreKey::new(["k".repeat(70_000).as_str()]);
    let mut slot = store.lock(&long).await.unwrap();
    let error = slot.write(None, &fits).await.unwrap_err();
    assert_eq!(error.code(), Some(TOO_LARGE));
}

#[tokio::test]
async fn what_was_left_half_written_is_removed_and_nothing_that_others_made() {
    let (place, store) = place();
    put(&store, &alice(), "text").await;
    drop(store);
    let half = path(&place, &alice(), ".temp");
    write_closed(&half, b"half");
    let long = format!("{}0.temp", PrivateFolder::name_of(&alice()));
    let others = [
        "notes.temp".to_owned(),
        long,
        format!("{}.temp", "Z".repeat(64)),
    ];
    for name in &others {
        write_closed(&place.path().join("logins").join(name), b"theirs");
    }
    FileStore::open(place.path().join("logins")).unwrap();
    let found = names(&place);
    assert!(!half.exists());
    assert!(others.iter().all(|name| found.contains(name)), "{found:?}");
}
