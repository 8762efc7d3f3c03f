//! What a change keeps of what was there.

use std::time::SystemTime;

use auth_core::{Intent, Lease, store::CONFLICT};

use super::*;

const LATER: &str = r#"{"format":1,"later":{"a":[1.50,null]},"refresh":"old","note":"é",
    "token":{"access":"made-up","headers":[{"name":"authorization","prefix":"Bearer "}],"bound":"k"}}"#;

#[tokio::test]
async fn what_a_later_version_added_outlives_a_save() {
    for read_first in [true, false] {
        let shelf = Shelf::new();
        let store = shelf.clone().in_plain_text();
        shelf.put(&key(), LATER);
        let version = record(&store).await.unwrap().version;
        let mut lease = store.lease(&key()).await.unwrap();
        if read_first {
            lease.load().await.unwrap();
        }
        let token = Token::bearer("another".into()).unwrap();
        let set = TokenSet::new(token).with_refresh(Some("new".into()));
        let version = lease.save(Some(version), &set).await.unwrap();
        let text = shelf.text(&key()).unwrap();
        assert!(text.contains(r#""later":{"a":[1.50,null]}"#), "{text}");
        assert!(text.contains(r#""note":"é""#), "{text}");
        assert!(
            !text.contains("bound"),
            "what belonged to the old token stayed: {text}"
        );
        lease.save(Some(version), &login("newer")).await.unwrap();
        assert!(
            shelf
                .text(&key())
                .unwrap()
                .contains(r#""later":{"a":[1.50,null]}"#)
        );
    }
}

#[tokio::test]
async fn what_a_later_version_knows_of_a_token_stays_with_that_token() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    shelf.put(&key(), LATER);
    let token = Token::bearer("made-up".into()).unwrap().with_scope("read");
    saved(&store, &TokenSet::new(token)).await;
    let text = shelf.text(&key()).unwrap();
    assert!(text.contains(r#""bound":"k""#), "{text}");
    assert_eq!(
        record(&store).await.unwrap().set.token().unwrap().scope(),
        Some("read")
    );
}

#[tokio::test]
async fn a_note_changes_nothing_else_and_goes_with_the_next_save() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    shelf.put(&key(), LATER);
    let mut lease = store.lease(&key()).await.unwrap();
    let before = lease.load().await.unwrap().unwrap();
    let intent = Intent::new(
        SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700),
        lease.fence(),
    );
    let again = intent.clone().again(lease.fence());
    lease.begin(before.version, &intent).await.unwrap();
    lease.begin(before.version, &again).await.unwrap();
    let noted = record(&store).await.unwrap();
    assert_eq!((noted.version, noted.intent), (before.version, Some(again)));
    assert_eq!(refresh(&before), "old");
    assert!(shelf.text(&key()).unwrap().contains(r#""bound":"k""#));
    lease.settle(before.version).await.unwrap();
    let settled = record(&store).await.unwrap();
    assert_eq!((settled.version, settled.intent), (before.version, None));
    assert!(shelf.text(&key()).unwrap().contains(r#""later":"#));
    lease.begin(before.version, &intent).await.unwrap();
    lease
        .save(Some(before.version), &login("new"))
        .await
        .unwrap();
    assert_eq!(record(&store).await.unwrap().intent, None);
}

#[tokio::test]
async fn notes_compare_versions() {
    let store = Shelf::new().in_plain_text();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, 1);
    let mut lease = store.lease(&key()).await.unwrap();
    conflicts(&mut *lease, 1, &intent).await;
    let first = lease.save(None, &login("a")).await.unwrap();
    let second = lease.save(Some(first), &login("b")).await.unwrap();
    conflicts(&mut *lease, first, &intent).await;
    conflicts(&mut *lease, second + 1, &intent).await;
    assert_eq!(record(&store).await.unwrap().intent, None);
}

async fn conflicts(lease: &mut dyn Lease, version: u64, intent: &Intent) {
    for outcome in [
        lease.begin(version, intent).await,
        lease.settle(version).await,
    ] {
        assert_eq!(code(outcome).as_deref(), Some(CONFLICT));
    }
}

#[tokio::test]
async fn what_a_later_holder_saved_is_read_by_an_earlier_one_but_not_changed() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    // As where a lock ended with time, and another holder saved meanwhile.
    shelf.put(&key(), LATER);
    let stored = record(&store).await.unwrap().version;
    assert!(lease.next_version() < stored);
    assert_eq!(lease.load().await.unwrap().unwrap().version, stored);
    let saved = lease.save(Some(stored), &login("x")).await;
    assert_eq!(code(saved).as_deref(), Some(CONFLICT));
    assert_eq!(shelf.text(&key()).as_deref(), Some(LATER));
}

#[tokio::test]
async fn a_record_that_was_read_is_not_read_again_before_a_change() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let version = saved(&store, &login("old")).await;
    let mut lease = store.lease(&key()).await.unwrap();
    lease.load().await.unwrap();
    shelf.calls();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    lease.begin(version, &intent).await.unwrap();
    let version = lease.save(Some(version), &login("new")).await.unwrap();
    lease.remove(version).await.unwrap();
    lease.save(None, &login("first")).await.unwrap();
    assert_eq!(shelf.calls(), ["write", "write", "erase", "write"]);
}
