use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use auth_core::{ErrorKind, StoreKey};
use auth_testkit::ManualClock;
use rustix::{
    fs::{CWD, FileType, Mode},
    io::Errno,
};
use tempfile::TempDir;

use super::*;

fn key() -> StoreKey {
    StoreKey::new(["lock", "alice"])
}

fn place() -> (TempDir, LockFolder) {
    let place = tempfile::tempdir().unwrap();
    let folder = LockFolder::open(place.path().join("parent/logins")).unwrap();
    (place, folder)
}

fn lock_file(folder: &LockFolder) -> std::path::PathBuf {
    let name = format!("{}.lock", PrivateFolder::name_of(&key()));
    folder.folder().path().join(name)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn everything_made_is_closed_to_others() {
    let (place, folder) = place();
    let _lock = folder.lock(&key()).await.unwrap();
    assert_eq!(mode(&place.path().join("parent")), 0o700);
    assert_eq!(mode(folder.folder().path()), 0o700);
    assert_eq!(mode(&lock_file(&folder)), 0o600);
}

#[tokio::test]
async fn two_handles_exclude_each_other_and_numbers_rise() {
    let (_place, one) = place();
    let other = LockFolder::open(one.folder().path()).unwrap();
    let mut first = one.lock(&key()).await.unwrap();
    let fence = first.numbers().fence();
    let name = format!("{}.lock", PrivateFolder::name_of(&key()));
    assert!(other.attempt(name.clone()).await.unwrap().is_none());
    let waiting = tokio::spawn(async move { other.lock(&key()).await });
    first.release().await;
    let mut second = waiting.await.unwrap().unwrap();
    assert!(second.numbers().fence() > fence);
    assert!(one.attempt(name.clone()).await.unwrap().is_none());
    drop(second);
    assert!(one.attempt(name).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wait_is_a_wait_of_the_clock() {
    let (_place, mut one) = place();
    let held = LockFolder::open(one.folder().path()).unwrap();
    let held = held.lock(&key()).await.unwrap();
    let clock = Arc::new(ManualClock::new());
    one.clock = Arc::clone(&clock) as _;
    let waiting = tokio::spawn(async move { one.lock(&key()).await });
    clock.until_sleepers(1).await;
    held.release().await;
    assert!(clock.next_deadline().unwrap() <= clock.monotonic() + WAITS.1 * 2);
    clock.advance(WAITS.1 * 2);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn queues_are_in_order_and_leave_nothing_behind() {
    let (_place, folder) = place();
    let first = folder.lock(&key()).await.unwrap();
    let other = folder.lock(&StoreKey::new(["other"])).await.unwrap();
    assert_eq!(folder.turns.len(), 2);
    let (key, mut dropped) = (key(), Vec::new());
    for _ in 0..8 {
        let mut waiting = Box::pin(folder.lock(&key));
        assert!(still_waits(&mut waiting).await);
        dropped.push(waiting);
    }
    drop(first);
    drop(dropped);
    drop(other);
    assert_eq!(folder.turns.len(), 0);
    folder.lock(&key).await.unwrap();
    assert_eq!(folder.turns.len(), 0);
}

/// Polls once and returns whether the future is still waiting.
async fn still_waits(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|cx| {
        let polled = std::pin::Pin::new(&mut *future).poll(cx);
        std::task::Poll::Ready(polled.is_pending())
    })
    .await
}

#[tokio::test]
async fn the_number_follows_the_last_one_and_the_time() {
    let (_place, mut folder) = place();
    let clock = Arc::new(ManualClock::new());
    clock.set_wall(UNIX_EPOCH + Duration::from_micros(5_000));
    folder.clock = Arc::clone(&clock) as _;
    let path = lock_file(&folder);
    for (found, given) in [
        (None, 5_000),
        (Some("00000000000000000004\n"), 5_000),
        (Some("00000000000000006999\n"), 7_000),
        (Some("00000000000000006999"), 5_000),
        (Some("0000000000000000-699\n"), 5_000),
        (Some("99999999999999999999\n"), 5_000),
        (Some("18446744073709551615\n"), 5_000),
        (Some("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 5_000),
        (Some("text that nobody expects, and more of it"), 5_000),
    ] {
        if let Some(found) = found {
            fs::write(&path, found).unwrap();
        }
        let mut lock = folder.lock(&key()).await.unwrap();
        assert_eq!(lock.numbers().number(), given, "{found:?}");
    }
}

#[tokio::test]
async fn numbers_are_raised_above_a_stored_version_for_good() {
    let (_place, mut folder) = place();
    let clock = Arc::new(ManualClock::new());
    clock.set_wall(UNIX_EPOCH + Duration::from_micros(9));
    folder.clock = Arc::clone(&clock) as _;
    let mut lock = folder.lock(&key()).await.unwrap();
    lock.raise(0).unwrap();
    assert_eq!(lock.numbers().number(), 9);
    let stored = Numbers::block(70).fence() + 3;
    lock.raise(stored).unwrap();
    assert!(lock.numbers().fence() > stored);
    let fence = lock.numbers().fence();
    drop(lock);
    let mut lock = folder.lock(&key()).await.unwrap();
    assert!(lock.numbers().fence() > fence);
}

#[tokio::test]
async fn a_lock_file_that_was_deleted_meanwhile_is_not_the_lock() {
    let (_place, folder) = place();
    let path = lock_file(&folder);
    // Deletes the file as soon as it is open, once.
    let sly: TryLock = |file| {
        let link = fs::read_link(format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(file)
        ));
        if file.metadata().unwrap().len() == 0 {
            fs::write(link.as_ref().unwrap(), "deleted once").unwrap();
            fs::remove_file(link.unwrap()).unwrap();
        }
        file.try_lock()
    };
    let once = attempt;
    let name = path.file_name().unwrap().to_str().unwrap();
    let clock = SystemClock::new();
    assert!(once(folder.folder(), name, &clock, sly).unwrap().is_none());
    assert!(!path.exists());
    folder.lock(&key()).await.unwrap();
}

/// Fault 53. A file system without locks cannot be had here, so its answers are played.
#[tokio::test]
async fn fault_53_a_file_system_without_locks_is_refused() {
    let (_place, mut folder) = place();
    let answers: [TryLock; 4] = [
        |_| Err(fs::TryLockError::Error(Errno::NOLCK.into())),
        |_| Err(fs::TryLockError::Error(Errno::NOTSUP.into())),
        |_| Err(fs::TryLockError::Error(Errno::OPNOTSUPP.into())),
        |_| Err(fs::TryLockError::Error(Errno::NOSYS.into())),
    ];
    for answer in answers {
        folder.try_lock = answer;
        let error = folder.lock(&key()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("has no locks"), "{error}");
    }
}

#[tokio::test]
async fn what_stands_in_the_place_of_a_lock_file_is_refused() {
    let (place, folder) = place();
    let path = lock_file(&folder);
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
        let error = folder.lock(&key()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
    folder.lock(&key()).await.unwrap();
}

#[test]
fn what_stands_in_the_place_of_the_folder_is_refused() {
    let (place, folder) = place();
    let path = place.path().join("other");
    let plants: [(&str, &dyn Fn()); 5] = [
        ("a link", &|| {
            symlink(folder.folder().path(), &path).unwrap()
        }),
        ("a dead link", &|| symlink("nowhere", &path).unwrap()),
        ("a pipe", &|| make_pipe(&path)),
        ("a file", &|| write_with_mode(&path, 0o600)),
        ("0750", &|| {
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        }),
    ];
    for (name, plant) in plants {
        plant();
        for path in [&path, &path.join("")] {
            let error = LockFolder::open(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}");
        }
        if name == "0750" {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn names_are_short_and_tell_keys_apart() {
    let long = "long".repeat(10_000);
    let keys = [
        StoreKey::new(["a"]),
        StoreKey::new(["A"]),
        StoreKey::new([&*long]),
    ];
    let names: std::collections::HashSet<_> = keys.iter().map(PrivateFolder::name_of).collect();
    assert_eq!(names.len(), keys.len());
    assert!(names.iter().all(|name| name.len() == 64));
}

fn make_pipe(path: &Path) {
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
}

fn write_with_mode(path: &Path, mode: u32) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
