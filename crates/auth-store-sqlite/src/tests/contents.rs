//! What is stored, and what somebody else put there.

use super::*;
use auth_core::{ErrorKind, store::CONFLICT};

#[tokio::test]
async fn a_store_opened_again_has_what_was_written() {
    let home = Home::new();
    let first = write(&home.store().await, &key(), "one").await.unwrap();
    let store = home.store().await;
    assert_eq!(body(&store, &key()).await.as_deref(), Some("one"));
    assert!(write(&store, &key(), "two").await.unwrap() > first);
    assert_eq!(store.keys().await.unwrap(), [key()]);
}

#[tokio::test]
async fn numbers_are_above_what_is_stored_though_the_locks_were_lost() {
    let home = Home::new();
    let store = home.store().await;
    let far = 1 << 61;
    let mut slot = store.lock(&key()).await.unwrap();
    let value = Value::new(far, Secret::from("far"));
    slot.write(None, &value).await.unwrap();
    drop(slot);
    drop(store);
    std::fs::remove_dir_all(home.beside("-locks")).unwrap();
    let mut slot = home.store().await.lock(&key()).await.unwrap();
    assert!(slot.numbers().fence() > far);
}

#[tokio::test]
async fn a_change_names_the_version_that_it_changes() {
    let home = Home::new();
    let store = home.store().await;
    let version = write(&store, &key(), "old").await.unwrap();
    let mut slot = store.lock(&key()).await.unwrap();
    let value = Value::new(version + 1, Secret::from("new"));
    for expected in [None, Some(version - 1), Some(version + 1)] {
        let error = slot.write(expected, &value).await.unwrap_err();
        assert_eq!(error.code(), Some(CONFLICT), "{expected:?}");
    }
    let error = slot.erase(version + 1).await.unwrap_err();
    assert_eq!(error.code(), Some(CONFLICT));
    assert_eq!(body(&store, &key()).await.as_deref(), Some("old"));
    // The same version again, as for a note about an exchange.
    let noted = Value::new(version, Secret::from("noted"));
    slot.write(Some(version), &noted).await.unwrap();
    assert_eq!(slot.read().await.unwrap().unwrap().version, version);
    slot.erase(version).await.unwrap();
    assert!(slot.read().await.unwrap().is_none());
}

#[tokio::test]
async fn a_version_that_has_no_place_in_the_table_is_refused() {
    let home = Home::new();
    let store = home.store().await;
    let mut slot = store.lock(&key()).await.unwrap();
    let value = Value::new(1 << 63, Secret::from("body"));
    let error = slot.write(None, &value).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let error = slot.erase(u64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn rows_that_this_store_did_not_write_are_told_and_hide_no_others() {
    let home = Home::new();
    let store = home.store().await;
    write(&store, &key(), "whole").await.unwrap();
    let mut other = raw(&home.database()).await;
    run(
        &mut other,
        "INSERT INTO login VALUES
            ('/negative', -1, 'x', 0),
            ('/long', 5, printf('%.*c', 262145, 'x'), 0),
            ('/bytes', 6, CAST(x'ff' AS TEXT), 0)",
    )
    .await;
    for name in ["negative", "long", "bytes"] {
        let error = store.read(&StoreKey::new([name])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name}");
    }
    assert_eq!(body(&store, &key()).await.as_deref(), Some("whole"));
    assert_eq!(store.keys().await.unwrap().len(), 4);
    for name in ["negative", "long", "bytes"] {
        let mut slot = store.lock(&StoreKey::new([name])).await.unwrap();
        assert!(slot.read().await.is_err(), "{name}");
        assert!(slot.discard().await.unwrap(), "{name}");
        assert!(!slot.discard().await.unwrap(), "{name}");
    }
    assert_eq!(store.keys().await.unwrap(), [key()]);
    run(&mut other, "INSERT INTO login VALUES ('no key', 1, 'x', 0)").await;
    assert_eq!(store.keys().await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn the_longest_record_is_taken() {
    let home = Home::new();
    let store = home.store().await;
    let longest = "ä".repeat(128 * 1024);
    write(&store, &key(), &longest).await.unwrap();
    assert_eq!(body(&store, &key()).await, Some(longest));
}

#[tokio::test]
async fn removed_and_replaced_texts_are_gone_from_the_files() {
    let home = Home::new();
    let store = home.store().await;
    for text in ["the-first-text", "the-second-text"] {
        write(&store, &key(), &text.repeat(1000)).await.unwrap();
    }
    let version = store.read(&key()).await.unwrap().unwrap().version;
    let mut slot = store.lock(&key()).await.unwrap();
    slot.erase(version).await.unwrap();
    for suffix in ["", "-wal"] {
        let bytes = std::fs::read(home.beside(suffix)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("first-text"), "{suffix}");
        assert!(!text.contains("second-text"), "{suffix}");
    }
}
