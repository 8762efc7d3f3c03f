//! A keyring that fails at every call in turn, and one that refuses.

use std::io;

use auth_core::{Error, ErrorKind, Record, Secret, TokenStore, store::save_login};
use auth_store::{Backend, Durable, NEWER_FORMAT, UNREADABLE};
use keyring_core::Error as Foreign;
use tempfile::TempDir;

use super::{
    fake::{Failing, Fake, Refusal},
    key, login, store,
};
use crate::{ABSENT, AMBIGUOUS, DENIED, KeyringStore, LOCKED, TOO_SMALL};

/// Long enough for three entries beside the manifest, so that a mix could be seen.
fn long(letter: &str) -> String {
    letter.repeat(3_500)
}

struct Case {
    fake: std::sync::Arc<Fake>,
    store: Durable<KeyringStore>,
    _folder: TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::of(2_560);
        let store = store(&fake, &folder).in_plain_text();
        Self {
            fake,
            store,
            _folder: folder,
        }
    }

    async fn save(&self, text: &str) -> Result<u64, Error> {
        save_login(&self.store, &key("a"), &login(text)).await
    }

    async fn remove(&self) -> Result<(), Error> {
        let mut lease = self.store.lease(&key("a")).await?;
        let version = lease.load().await?.map_or(0, |record| record.version);
        lease.remove(version).await
    }

    async fn found(&self) -> Option<String> {
        let found = self.store.load(&key("a")).await.unwrap();
        let listed = self.store.list().await.unwrap();
        assert_eq!(
            listed.len(),
            usize::from(found.is_some()),
            "the list differs"
        );
        found.map(|record| refresh(&record))
    }

    /// Nothing is left over but what is stored, whatever failed before.
    fn is_tidy(&self) -> bool {
        let generations = |name: &String| name.split('.').nth(1).map(str::to_owned);
        let names = self.fake.names();
        let mut own: Vec<_> = names.iter().filter_map(generations).collect();
        own.dedup();
        own.len() <= 1
    }
}

fn refresh(record: &Record) -> String {
    record.set.refresh().map(Secret::expose).unwrap().to_owned()
}

/// Fails the `call`-th call in each way there is.
fn ways(call: usize) -> [Failing; 3] {
    [
        Failing::Before(call),
        Failing::After(call),
        Failing::From(call),
    ]
}

#[tokio::test]
async fn a_first_save_that_fails_at_any_call_leaves_all_or_nothing() {
    let mut call = 0;
    loop {
        call += 1;
        let mut reached = false;
        for way in ways(call) {
            let case = Case::new();
            case.fake.fail(way);
            let saved = case.save(&long("a")).await;
            reached |= case.fake.calls() >= call;
            case.fake.fail(Failing::Never);
            let found = case.found().await;
            assert!(found.is_none() || found == Some(long("a")));
            assert!(saved.is_err() || found.is_some(), "a save was lost");
            case.save(&long("b")).await.unwrap();
            case.save(&long("c")).await.unwrap();
            assert_eq!(case.found().await, Some(long("c")));
            assert!(case.is_tidy());
        }
        if !reached {
            break;
        }
    }
    assert!(call > 12, "only {call} calls were tried");
}

#[tokio::test]
async fn a_later_save_that_fails_at_any_call_leaves_the_old_or_the_new_login() {
    for (old, new) in [
        (long("o"), long("n")),
        (long("o"), "n".to_owned()),
        ("o".to_owned(), long("n")),
    ] {
        let mut call = 0;
        let mut reached = true;
        while reached {
            call += 1;
            reached = false;
            for way in ways(call) {
                let case = Case::new();
                case.save(&old).await.unwrap();
                case.fake.fail(way);
                let saved = case.save(&new).await;
                reached |= case.fake.calls() >= call;
                case.fake.fail(Failing::Never);
                let found = case.found().await.expect("the login is gone");
                assert!(found == old || found == new, "a login was mixed");
                assert!(saved.is_err() || found == new, "a save was lost");
                case.save(&long("l")).await.unwrap();
                case.save("last").await.unwrap();
                assert_eq!(case.found().await.as_deref(), Some("last"));
                assert!(case.is_tidy());
            }
        }
        assert!(call > 8, "only {call} calls were tried");
    }
}

#[tokio::test]
async fn a_removal_that_fails_at_any_call_leaves_all_or_nothing() {
    let mut call = 0;
    let mut reached = true;
    while reached {
        call += 1;
        reached = false;
        for way in ways(call) {
            let case = Case::new();
            case.save(&long("o")).await.unwrap();
            case.fake.fail(way);
            let removed = case.remove().await;
            reached |= case.fake.calls() >= call;
            case.fake.fail(Failing::Never);
            let found = case.found().await;
            assert!(found.is_none() || found == Some(long("o")));
            assert!(removed.is_err() || found.is_none(), "a removal was lost");
            // The next holder of the lease removes what stayed.
            drop(case.store.lease(&key("a")).await.unwrap());
            if found.is_none() {
                assert!(
                    case.fake
                        .names()
                        .iter()
                        .all(|name| name.starts_with("index"))
                );
            }
            case.save("last").await.unwrap();
            assert_eq!(case.found().await.as_deref(), Some("last"));
        }
    }
    assert!(call > 8, "only {call} calls were tried");
}

#[tokio::test]
async fn entries_that_were_changed_or_removed_by_others_are_refused_and_leave_other_logins_alone() {
    let case = Case::new();
    case.save(&long("a")).await.unwrap();
    let other = key("other");
    save_login(&case.store, &other, &login("kept"))
        .await
        .unwrap();
    let own = |name: &String| name.starts_with(&crate::manifest::name_of(key("a").as_str()));
    for name in case.fake.names().into_iter().filter(own) {
        let fresh = [
            "",
            "x",
            "auth-store-keyring 1 1 1 99999999999 0 4 0\n",
            "auth-store-keyring 1 1\n",
        ];
        for text in fresh.map(Some).into_iter().chain([None]) {
            if text.is_none() && !name.contains('.') {
                // Without its manifest there is no login, and nothing to refuse.
                continue;
            }
            case.fake.plant(&name, text);
            let error = case.store.load(&key("a")).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Protocol, Some(UNREADABLE))
            );
            let kept = case.store.load(&other).await.unwrap().unwrap();
            assert_eq!(refresh(&kept), "kept");
        }
    }
}

#[tokio::test]
async fn a_login_of_a_newer_version_is_refused_and_stays() {
    let case = Case::new();
    case.save("old").await.unwrap();
    let name = crate::manifest::name_of(key("a").as_str());
    case.fake
        .plant(&name, Some("auth-store-keyring 2 what comes then\n"));
    let error = case.store.load(&key("a")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Configuration, Some(NEWER_FORMAT))
    );
    assert!(case.save("new").await.is_err());
    assert!(case.fake.names().contains(&name));
}

#[tokio::test]
async fn an_entry_that_holds_less_than_a_part_is_named_with_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let small = store(&Fake::of(300), &folder);
    let store = small.clone().in_plain_text();
    let error = save_login(&store, &key("a"), &login(&long("a")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Configuration, Some(TOO_SMALL))
    );
    assert!(error.to_string().contains("300 bytes"), "{error}");
    let store = small.chunk(300).in_plain_text();
    save_login(&store, &key("a"), &login(&long("a")))
        .await
        .unwrap();
    let found = store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(refresh(&found), long("a"));
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_that_the_keyring_said() {
    use ErrorKind::{Configuration, Protocol, Unavailable};
    const CANARY: &str = "canary-of-the-keyring";
    let cases: [(Refusal, ErrorKind, Option<&str>); 11] = [
        (
            || Foreign::NoStorageAccess(CANARY.into()),
            Unavailable,
            Some(LOCKED),
        ),
        (
            || Foreign::NoStorageAccess("AccessDenied".into()),
            Configuration,
            Some(DENIED),
        ),
        (
            || Foreign::PlatformFailure("MethodError(AccessDenied)".into()),
            Configuration,
            Some(DENIED),
        ),
        (
            || Foreign::PlatformFailure(io::Error::from(io::ErrorKind::PermissionDenied).into()),
            Configuration,
            Some(DENIED),
        ),
        (
            || Foreign::PlatformFailure("Error IsLocked".into()),
            Unavailable,
            Some(LOCKED),
        ),
        (
            || Foreign::PlatformFailure(CANARY.into()),
            Unavailable,
            None,
        ),
        (
            || Foreign::Ambiguous(Vec::new()),
            Configuration,
            Some(AMBIGUOUS),
        ),
        (
            || Foreign::BadEncoding(CANARY.into()),
            Protocol,
            Some(UNREADABLE),
        ),
        (
            || Foreign::Invalid(CANARY.into(), CANARY.into()),
            Configuration,
            None,
        ),
        (
            || Foreign::NotSupportedByStore(CANARY.into()),
            Configuration,
            None,
        ),
        (|| Foreign::NoDefaultStore, Configuration, Some(ABSENT)),
    ];
    let case = Case::new();
    for (number, (refusal, kind, code)) in cases.into_iter().enumerate() {
        case.fake.fail(Failing::Always(refusal));
        let errors = [
            case.store.load(&key("a")).await.unwrap_err(),
            case.save("a").await.unwrap_err(),
            case.store
                .list()
                .await
                .map(drop)
                .err()
                .unwrap_or_else(crate::failure::damaged),
        ];
        for error in &errors[..2] {
            assert_eq!((error.kind(), error.code()), (kind, code), "case {number}");
        }
        for error in errors {
            assert!(
                !format!("{error} {error:?}").contains(CANARY),
                "case {number}"
            );
            assert!(std::error::Error::source(&error).is_none());
        }
    }
}
