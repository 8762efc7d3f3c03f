//! Where a secret might be left: the files of SQLite, temporary ones, and whatever is logged.

use std::{
    fs,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use auth_core::{Error, SystemClock, TokenSet, TokenStore, store::save_login};
use auth_store::{Backend, Keys};
use auth_testkit::token_set;

use super::{HOUR, child, database, key, open, stranger, tell};

/// Temporary files are beside the database, so that all are looked into.
const TEMPORARY: &str =
    r#"cd "$AUTH_STORIES_SQLITE_FOLDER"; mkdir tmp; export TMPDIR=$PWD/tmp; exec "$@""#;

fn set() -> TokenSet {
    let (access, refresh) = ("KanarieVogel-access-d41a", "KanarieVogel-refresh-93b7");
    token_set(access, HOUR, refresh, &SystemClock::new())
}

#[test]
fn a_sealed_store_leaves_no_secret_in_any_file_or_log_line() {
    let folder = tempfile::tempdir().unwrap();
    let name = "plays_a_process_that_logs_everything";
    child::play(module_path!(), name, folder.path(), TEMPORARY);
}

#[tokio::test(flavor = "multi_thread")]
async fn plays_a_process_that_logs_everything() {
    let Some(folder) = child::folder() else {
        return;
    };
    let log = Log::default();
    log.listen();
    let store = open(&folder).await;
    let sealed = store.clone().sealed(Keys::generate("only").unwrap());
    assert!(found(&folder).is_empty(), "there is nothing yet");
    for _ in 0..3 {
        save_login(&sealed, &key(), &set()).await.unwrap();
    }
    assert_eq!(found(&folder), [""; 0], "open");
    let mut other = stranger(&folder).await;
    tell(&mut other, "PRAGMA wal_checkpoint").await;
    assert_eq!(found(&folder), [""; 0], "after a checkpoint");

    let mut errors = Vec::new();
    let plain = store.in_plain_text();
    let mut lease = sealed.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    errors.push(lease.save(Some(version + 1), &set()).await.unwrap_err());
    tell(&mut other, "UPDATE login SET version = version + 1").await;
    errors.push(lease.save(Some(version), &set()).await.unwrap_err());
    errors.push(lease.remove(version + 1).await.unwrap_err());
    lease.release().await.unwrap();
    errors.push(sealed.load(&key()).await.unwrap_err());
    tell(&mut other, "DELETE FROM login").await;

    // The same in plain text, so that the search is known to find and the log to have been listened to.
    save_login(&plain, &key(), &set()).await.unwrap();
    let files = found(&folder);
    assert!(
        files.iter().any(|file| file.ends_with("logins.db-wal")),
        "{files:?}"
    );
    tell(
        &mut other,
        "CREATE TRIGGER no BEFORE UPDATE ON login BEGIN SELECT raise(ABORT, 'no'); END",
    )
    .await;
    errors.push(save_login(&plain, &key(), &set()).await.unwrap_err());
    fs::rename(database(&folder), folder.join("aside")).unwrap();
    errors.push(save_login(&plain, &key(), &set()).await.unwrap_err());
    for error in errors {
        assert!(!shows(told(&error).as_bytes()), "{error}");
    }
    let log = log.0.lock().unwrap();
    assert!(String::from_utf8_lossy(&log).contains("the log is listened to"));
    assert!(!shows(&log), "something was logged");
}

#[tokio::test]
async fn what_was_removed_is_gone_from_all_files_though_it_was_plain() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.in_plain_text();
    for _ in 0..3 {
        save_login(&store, &key(), &set()).await.unwrap();
    }
    assert!(!found(folder.path()).is_empty());
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    lease.remove(version).await.unwrap();
    assert_eq!(found(folder.path()), [""; 0]);
}

fn told(error: &Error) -> String {
    let mut told = format!("{error} {error:?} {error:#?}");
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        told += &format!(" {source} {source:?}");
        next = source.source();
    }
    told
}

/// Everything that was logged, whichever crate and thread it came from.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) {
        let log = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || log.clone())
            .init();
        tracing::trace!("the log is listened to");
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns the files below `folder` in which a secret is found, as it is or in hexadecimal or base64.
fn found(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(self::found(&path));
        } else if shows(&fs::read(&path).unwrap()) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn shows(bytes: &[u8]) -> bool {
    // "KanarieVogel" as text, in hexadecimal, and in base64 from each of the three places where it may begin.
    const FORMS: [&str; 5] = [
        "KanarieVogel",
        "4b616e61726965566f67656c",
        "S2FuYXJpZVZvZ2Vs",
        "thbmFyaWVWb2dlb",
        "LYW5hcmllVm9nZW",
    ];
    let text = String::from_utf8_lossy(bytes);
    FORMS.iter().any(|form| text.contains(form))
}
