use auth_core::store::CONFLICT;
use auth_store::Keys;
use auth_testkit::contract::{StoreFixture, token_store};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_of_stores_through_two_handles() {
    let (place, one) = place();
    let two = FileStore::open(place.path().join("logins")).unwrap();
    let fixture = StoreFixture::new(one.in_plain_text(), two.in_plain_text());
    token_store(&fixture.largest(64 * 1024)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_of_stores_when_sealed() {
    let (place, one) = place();
    let two = FileStore::open(place.path().join("logins")).unwrap();
    let keys = || Keys::new("first", [7; 32]).unwrap();
    let fixture = StoreFixture::new(one.sealed(keys()), two.sealed(keys()));
    token_store(&fixture.largest(64 * 1024)).await;
}

#[tokio::test]
async fn keys_of_any_length_have_files_of_short_names() {
    let (_place, store) = place();
    let texts = [
        "x".repeat(255),
        "y".repeat(60_000),
        "a\nb\0c/\u{7f}\u{1f511}".to_owned(),
        String::new(),
    ];
    let mut keys: Vec<_> = texts.iter().map(|text| StoreKey::new([&**text])).collect();
    for key in &keys {
        put(&store, key, key.as_str()).await;
    }
    for key in &keys {
        assert_eq!(get(&store, key).await.as_deref(), Some(key.as_str()));
    }
    let mut listed = store.keys().await.unwrap();
    listed.sort();
    keys.sort();
    assert_eq!(listed, keys);
}

#[tokio::test]
async fn versions_go_on_after_the_lock_files_are_lost() {
    let (place, store) = place();
    put(&store, &alice(), "text").await;
    let mut slot = store.lock(&alice()).await.unwrap();
    let far = slot.numbers().fence() + (1 << 40);
    let value = Value::new(far, Secret::from("from a clock that is ahead"));
    let expected = slot.read().await.unwrap().map(|value| value.version);
    slot.write(expected, &value).await.unwrap();
    slot.release().await.unwrap();
    std::fs::remove_file(path(&place, &alice(), ".lock")).unwrap();
    assert!(put(&store, &alice(), "later").await > far);
}

#[tokio::test]
async fn a_value_that_is_rewritten_may_keep_its_version() {
    let (_place, store) = place();
    let version = put(&store, &alice(), "text").await;
    let mut slot = store.lock(&alice()).await.unwrap();
    let value = Value::new(version, Secret::from("text and a note"));
    slot.write(Some(version), &value).await.unwrap();
    let error = slot.write(None, &value).await.unwrap_err();
    assert_eq!(error.code(), Some(CONFLICT));
    let error = slot.erase(version + 1).await.unwrap_err();
    assert_eq!(error.code(), Some(CONFLICT));
    slot.erase(version).await.unwrap();
    assert!(slot.read().await.unwrap().is_none());
}

#[tokio::test]
async fn a_slot_whose_work_was_dropped_keeps_its_lock_until_the_work_is_done() {
    let (_place, store) = place();
    for text in ["one", "two", "three"] {
        let mut slot = store.lock(&alice()).await.unwrap();
        let stored = slot.read().await.unwrap();
        let version = slot.numbers().take().unwrap();
        let value = Value::new(version, Secret::from(text));
        let mut write = slot.write(stored.map(|value| value.version), &value);
        std::future::poll_fn(|cx| {
            assert!(write.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(write);
        assert_eq!(
            slot.renew().await.unwrap_err().code(),
            Some(CONFLICT),
            "{text}"
        );
        drop(slot);
        // Whoever gets the lock finds the work done.
        let mut slot = store.lock(&alice()).await.unwrap();
        let found = slot.read().await.unwrap().unwrap();
        assert_eq!(found.body.expose(), text);
    }
}
