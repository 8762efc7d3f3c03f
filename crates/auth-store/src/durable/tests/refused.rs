//! Texts that nobody may change, and logins that nobody may store.

use std::time::SystemTime;

use auth_core::{ErrorKind, Intent};

use super::*;
use crate::{NEWER_FORMAT, TOO_LARGE, UNREADABLE};

const NEWER: &str = r#"{"format":2,"token":"made-up-newer"}"#;

#[tokio::test]
async fn a_newer_format_is_refused_and_not_overwritten() {
    refused(NEWER, NEWER_FORMAT, ErrorKind::Configuration).await;
}

#[tokio::test]
async fn what_is_no_record_is_refused_and_stands_in_nobody_elses_way() {
    let torn = r#"{"format":1,"refresh":"made-up-to"#;
    for text in [
        torn,
        "",
        "made-up-garbage",
        "[]",
        r#"{"refresh":"made-up"}"#,
    ] {
        refused(text, UNREADABLE, ErrorKind::Protocol).await;
    }
}

#[tokio::test]
async fn a_version_that_no_store_gives_is_refused_and_can_be_discarded() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    saved(&store, &login("a")).await;
    for version in [1 << 63, u64::MAX] {
        shelf.renumber(&key(), version);
        let unreadable = |found: Option<String>| assert_eq!(found.as_deref(), Some(UNREADABLE));
        unreadable(code(store.load(&key()).await));
        let mut lease = store.lease(&key()).await.unwrap();
        assert_eq!(lease.next_version(), u64::MAX);
        unreadable(code(lease.load().await));
        unreadable(code(lease.remove(version).await));
        // No version is left that could follow.
        let error = lease.save(Some(version), &login("b")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        lease.release().await.unwrap();
    }
    assert!(store.discard(&key()).await.unwrap());
    assert!(record(&store).await.is_none());
}

async fn refused(text: &str, expected: &str, kind: ErrorKind) {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    shelf.put(&key(), text);
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.kind(), kind);
    assert!(!format!("{error} {error:?}").contains("made-up"));

    let mut lease = store.lease(&key()).await.unwrap();
    // The version under which the shelf put the text.
    let stored = Some(1_025);
    for expected_version in [None, stored, Some(7)] {
        let outcome = lease.save(expected_version, &login("x")).await;
        assert_eq!(
            code(outcome).as_deref(),
            Some(expected),
            "{expected_version:?}"
        );
    }
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    let outcomes = [
        lease.load().await.map(drop),
        lease.begin(1_025, &intent).await,
        lease.settle(1_025).await,
        lease.remove(1_025).await,
        lease.remove(7).await,
    ];
    for outcome in outcomes {
        assert_eq!(code(outcome).as_deref(), Some(expected));
    }
    lease.release().await.unwrap();
    assert_eq!(shelf.text(&key()).as_deref(), Some(text));

    let other = StoreKey::new(["made-up", "other"]);
    auth_core::store::save_login(&store, &other, &login("b"))
        .await
        .unwrap();
    assert!(store.load(&other).await.unwrap().is_some());
    assert_eq!(store.list().await.unwrap().len(), 2);

    assert!(store.discard(&key()).await.unwrap());
    assert!(!store.discard(&key()).await.unwrap());
    saved(&store, &login("again")).await;
}

#[tokio::test]
async fn too_large_a_login_is_refused_before_anything_is_changed() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let frame = r#"{"format":1,"refresh":""}"#.len();
    let most = "x".repeat(256 * 1024 - 128 - frame);
    let version = saved(&store, &login(&most)).await;
    let mut lease = store.lease(&key()).await.unwrap();
    let before = lease.load().await.unwrap().unwrap();
    assert_eq!(refresh(&before).len(), most.len());
    shelf.calls();
    let large = login(&format!("{most}x"));
    let error = lease.save(Some(version), &large).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Protocol, Some(TOO_LARGE))
    );
    assert_eq!(shelf.calls(), [""; 0]);
    // A note fits into the largest record too, however long its numbers are.
    let begun = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::MAX);
    let mut intent = Intent::new(begun, u64::MAX);
    intent.sends = u32::MAX;
    lease.begin(version, &intent).await.unwrap();
    let noted = lease.load().await.unwrap().unwrap();
    assert_eq!((noted.version, noted.intent), (version, Some(intent)));
}

#[tokio::test]
async fn a_token_of_more_headers_than_can_be_read_back_is_refused() {
    let store = Shelf::new().in_plain_text();
    let named = |token: Token, number: usize| {
        let name = http::HeaderName::try_from(format!("x-made-up-{number}")).unwrap();
        token.with_header(name, "value").unwrap()
    };
    let most = (0..63).fold(Token::bearer("made-up".into()).unwrap(), named);
    let version = saved(&store, &TokenSet::new(most.clone())).await;
    let kept = record(&store).await.unwrap();
    assert_eq!(kept.set.token().unwrap().headers().len(), 64);
    let mut lease = store.lease(&key()).await.unwrap();
    let more = TokenSet::new(named(most, 63));
    assert_eq!(
        code(lease.save(Some(version), &more).await).as_deref(),
        Some(TOO_LARGE)
    );
}
