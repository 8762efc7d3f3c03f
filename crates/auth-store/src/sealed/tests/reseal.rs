//! Sealing everything anew.

use std::time::SystemTime;

use auth_core::{Intent, MemoryStore, StoreKey, TokenStore, store::save_login};
use auth_testkit::{FailingStore, StoreCall};

use super::{super::lease::unsealed, keys, login, plant, refresh_in};
use crate::{Keys, NOT_SEALED, Sealed, WRONG_KEY};

fn named(name: &str) -> StoreKey {
    StoreKey::new([name])
}

fn both() -> Keys {
    let old = [3; 32];
    keys("newer").also_reads("old", old).unwrap()
}

#[tokio::test]
async fn each_login_is_sealed_with_the_new_key_or_says_why_not() {
    let inner = MemoryStore::new();
    let old = Sealed::new(inner.clone(), keys("old"));
    let new = Sealed::new(inner.clone(), both());
    for name in ["a", "b"] {
        save_login(&old, &named(name), &login(name)).await.unwrap();
    }
    save_login(&new, &named("current"), &login("c"))
        .await
        .unwrap();
    save_login(&inner, &named("clear"), &login("d"))
        .await
        .unwrap();
    let foreign = Sealed::new(inner.clone(), keys("foreign"));
    save_login(&foreign, &named("foreign"), &login("e"))
        .await
        .unwrap();
    let namesake = Sealed::new(inner.clone(), Keys::new("newer", [9; 32]).unwrap());
    save_login(&namesake, &named("namesake"), &login("f"))
        .await
        .unwrap();

    let mut done = new.reseal().await.unwrap();
    done.resealed.sort();
    assert_eq!(done.resealed, [named("a"), named("b")]);
    assert_eq!(done.current, [named("current")]);
    let mut failed: Vec<_> = done
        .failed
        .iter()
        .map(|(key, error)| (key.clone(), error.code().unwrap()))
        .collect();
    failed.sort();
    let expected = [
        (named("clear"), NOT_SEALED),
        (named("foreign"), WRONG_KEY),
        (named("namesake"), WRONG_KEY),
    ];
    assert_eq!(failed, expected);
    assert!(!done.is_complete());

    let new_alone = Sealed::new(inner, keys("newer"));
    for name in ["a", "b"] {
        assert_eq!(refresh_in(&new_alone, &named(name)).await.unwrap(), name);
    }
}

#[tokio::test]
async fn a_second_time_there_is_nothing_to_do() {
    let inner = FailingStore::new(MemoryStore::new());
    let old = Sealed::new(inner.clone(), keys("old"));
    save_login(&old, &named("a"), &login("a")).await.unwrap();
    let new = Sealed::new(inner.clone(), both());
    assert_eq!(new.reseal().await.unwrap().resealed, [named("a")]);

    let saves = inner.count(StoreCall::Save);
    let done = new.reseal().await.unwrap();
    assert_eq!(done.current, [named("a")]);
    assert!(done.is_complete());
    assert_eq!(inner.count(StoreCall::Save), saves);
}

#[tokio::test]
async fn a_login_whose_refresh_token_may_be_spent_keeps_its_note() {
    let inner = MemoryStore::new();
    let old = Sealed::new(inner.clone(), keys("old"));
    let version = save_login(&old, &named("a"), &login("a")).await.unwrap();
    let mut lease = inner.lease(&named("a")).await.unwrap();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    lease.begin(version, &intent).await.unwrap();
    drop(lease);

    let new = Sealed::new(inner.clone(), both());
    let done = new.reseal().await.unwrap();
    assert_eq!(done.unsettled, [named("a")]);
    assert!(!done.is_complete());
    let found = new.load(&named("a")).await.unwrap().unwrap();
    assert_eq!(found.intent, Some(intent));
}

#[tokio::test]
async fn what_a_newer_version_added_stays() {
    let (inner, with) = (MemoryStore::new(), keys("old"));
    let text = r#"{"format":1,"refresh":"a","later":7}"#;
    plant(&inner, &with, &named("a"), text).await;
    let new = Sealed::new(inner.clone(), both());
    assert_eq!(new.reseal().await.unwrap().resealed, [named("a")]);

    let outer = inner.load(&named("a")).await.unwrap().unwrap();
    let (key, with) = (named("a"), keys("newer"));
    let value = unsealed(&outer, &key, &with).await.unwrap();
    assert!(value.body.expose().contains(r#""later":7"#));
}
