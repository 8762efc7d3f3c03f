//! A keyring that refuses, and entries that somebody else changed.

use std::{io, slice::from_ref};

use auth_core::{ErrorKind, TokenStore, store::save_login};
use auth_store::{Backend, NEWER_FORMAT, UNREADABLE};
use keyring_core::Error as Foreign;

use super::{
    fake::{Failing, Fake, Refusal},
    faults::{Case, long, refresh},
    key, login, store,
};
use crate::{ABSENT, AMBIGUOUS, DENIED, LOCKED, TOO_SMALL};

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
async fn what_nobody_can_read_is_discarded_on_demand() {
    let case = Case::new();
    let name = crate::manifest::name_of(key("a").as_str());
    let other = key("other");
    save_login(&case.store, &other, &login("kept"))
        .await
        .unwrap();
    let no_version = format!("auth-store-keyring 1 {} 1 0 0 2 x\n{{}}", u64::MAX);
    for text in [
        "auth-store-keyring 2 what comes then\n",
        "",
        "garbage",
        &no_version,
    ] {
        case.save("old").await.unwrap();
        case.fake.plant(&name, Some(text));
        assert!(case.store.load(&key("a")).await.is_err());
        assert!(case.save("new").await.is_err());
        assert_eq!(case.store.list().await.unwrap().len(), 2);
        assert!(case.store.discard(&key("a")).await.unwrap());
        assert!(!case.store.discard(&key("a")).await.unwrap());
        assert_eq!(case.store.list().await.unwrap(), from_ref(&other));
    }
    // With its manifest alone whole, its parts go too.
    case.save(&long("a")).await.unwrap();
    let names = case.fake.names();
    let part = names.iter().find(|name| name.ends_with(".1.2")).unwrap();
    case.fake.plant(part, Some("x"));
    assert!(case.store.load(&key("a")).await.is_err());
    assert!(case.store.discard(&key("a")).await.unwrap());
    assert!(!case.fake.names().iter().any(|left| left.starts_with(&name)));
    case.save("new").await.unwrap();
    assert!(case.store.discard(&key("a")).await.unwrap());
    let kept = case.store.load(&other).await.unwrap().unwrap();
    assert_eq!(refresh(&kept), "kept");
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

#[tokio::test]
async fn a_part_of_the_right_length_from_another_write_is_refused() {
    let case = Case::new();
    case.save(&long("a")).await.unwrap();
    let names = case.fake.names();
    let part = names.iter().find(|name| name.ends_with(".1.2"));
    case.fake
        .plant(part.unwrap(), Some(&"b".repeat(crate::store::CHUNK)));
    let error = case.store.load(&key("a")).await.unwrap_err();
    assert_eq!(error.code(), Some(UNREADABLE));
}
