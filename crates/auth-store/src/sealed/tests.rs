mod envelope;
mod faults;
mod reseal;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_core::{
    Clock, Error, ErrorKind, Intent, Lifetime, MemoryStore, Record, Secret, StoreKey, Token,
    TokenSet, TokenStore,
    store::{CONFLICT, save_login},
};
use auth_testkit::{
    FailingStore, ManualClock, StoreCall,
    contract::{StoreFixture, token_store},
    mocks,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    Sealed,
    envelope::{Place, seal},
};
use crate::{Backend, KeySource, Keys, NOT_SEALED, TOO_LARGE, durable::shelf::Shelf};

fn keys(id: &str) -> Keys {
    Keys::new(id, [u8::try_from(id.len()).unwrap(); 32]).unwrap()
}

fn key() -> StoreKey {
    StoreKey::new(["provider", "client", "account"])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

async fn refresh_in(store: &dyn TokenStore, key: &StoreKey) -> Result<String, Error> {
    let record = store.load(key).await?.unwrap();
    Ok(record.set.refresh().unwrap().expose().to_owned())
}

/// Returns what stands in the store under a sealed one.
async fn raw(inner: &MemoryStore, key: &StoreKey) -> Record {
    inner.load(key).await.unwrap().unwrap()
}

/// Puts a text of our choice where an envelope is due, sealed for the version under which it is saved.
async fn plant(inner: &MemoryStore, with: &Keys, key: &StoreKey, text: &str) {
    let mut lease = inner.lease(key).await.unwrap();
    let expected = lease.load().await.unwrap().map(|record| record.version);
    let version = lease.next_version();
    let with = with.writing().await.unwrap();
    let sealed = seal(&Secret::from(text), &with, Place { key, version }).unwrap();
    lease
        .save(expected, &TokenSet::login(sealed))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract_of_a_store() {
    let inner = MemoryStore::new();
    let one = Sealed::new(inner.clone(), keys("one"));
    let other = Sealed::new(inner, keys("one"));
    // With all that belongs to a record, a token of the largest size would be more than one may have.
    token_store(&StoreFixture::new(one, other).largest(128 * 1024)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract_over_a_backend() {
    let shelf = Shelf::new();
    let one = shelf.clone().sealed(keys("one"));
    let other = shelf.sealed(keys("one"));
    token_store(&StoreFixture::new(one, other).largest(128 * 1024)).await;
}

#[tokio::test]
async fn a_backend_sees_only_envelopes() {
    let shelf = Shelf::new();
    let store = shelf.clone().sealed(keys("one"));
    save_login(&store, &key(), &login("canary-71"))
        .await
        .unwrap();
    let body = shelf.read(&key()).await.unwrap().unwrap().body;
    assert!(body.expose().contains("sealed:1:one:"));
    assert!(!body.expose().contains("canary-71"));
    let clear = shelf.in_plain_text();
    save_login(&clear, &key(), &login("canary-71"))
        .await
        .unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.code(), Some(NOT_SEALED));
}

#[tokio::test]
async fn a_login_that_is_too_large_once_sealed_is_refused_and_the_one_before_stays() {
    let store = Shelf::new().sealed(keys("one"));
    save_login(&store, &key(), &login("a")).await.unwrap();
    let large = login(&"x".repeat(200 * 1024));
    let error = save_login(&store, &key(), &large).await.unwrap_err();
    assert_eq!(error.code(), Some(TOO_LARGE));
    assert_eq!(refresh_in(&store, &key()).await.unwrap(), "a");
}

#[tokio::test]
async fn a_login_whose_key_is_lost_can_be_given_up() {
    let shelf = Shelf::new();
    let before = shelf.clone().sealed(keys("one"));
    save_login(&before, &key(), &login("a")).await.unwrap();
    let after = shelf.sealed(keys("three"));
    assert!(save_login(&after, &key(), &login("b")).await.is_err());
    assert!(after.store().discard(&key()).await.unwrap());
    save_login(&after, &key(), &login("b")).await.unwrap();
    assert_eq!(refresh_in(&after, &key()).await.unwrap(), "b");
}

#[test]
fn it_is_a_store_that_can_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let store = Sealed::new(MemoryStore::new(), keys("one"));
    shared(&store);
    assert_eq!(format!("{store:?}"), "Sealed { .. }");
    let _: Arc<dyn TokenStore> = Arc::new(store);
    let source: Arc<dyn KeySource> = Arc::new(keys("one"));
    let _ = Sealed::new(MemoryStore::new(), source);
}

#[tokio::test]
async fn a_dump_shows_no_secret() {
    let inner = MemoryStore::new();
    let store = Sealed::new(inner.clone(), keys("one"));
    let secrets = [
        "canary-access-71c2",
        "canary-refresh-03be",
        "canary-extra-9d4f",
    ];
    let token = Token::bearer(Secret::from(secrets[0])).unwrap();
    let token = token.with_extra("made-up", Secret::from(secrets[2]));
    let set = TokenSet::new(token).with_refresh(Some(Secret::from(secrets[1])));
    save_login(&store, &key(), &set).await.unwrap();

    let record = raw(&inner, &key()).await;
    assert!(record.set.token().is_none());
    let dump = record.set.refresh().unwrap().expose();
    // The alphabet of the envelope is the one that is safe in addresses, and so is that of the search.
    for secret in secrets {
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        let shifted = (0..3).map(|by| {
            let all = BASE64_URL_SAFE_NO_PAD.encode(["x".repeat(by), secret.into()].concat());
            // Without the ends, which depend on the neighbours.
            all[4..all.len() - 4].to_owned()
        });
        for needle in [secret.to_owned(), hex].into_iter().chain(shifted) {
            assert!(!dump.contains(&needle));
        }
    }
    assert_eq!(refresh_in(&store, &key()).await.unwrap(), secrets[1]);
}

#[tokio::test]
async fn the_same_login_never_looks_the_same() {
    let inner = MemoryStore::new();
    let store = Sealed::new(inner.clone(), keys("one"));
    save_login(&store, &key(), &login("same")).await.unwrap();
    let first = refresh_in(&inner, &key()).await.unwrap();
    save_login(&store, &key(), &login("same")).await.unwrap();
    let second = refresh_in(&inner, &key()).await.unwrap();
    let nonce = "sealed:1:one:".len()..45;
    assert_ne!(first[nonce.clone()], second[nonce]);
}

#[tokio::test]
async fn a_note_is_kept_beside_the_envelope_and_changes_nothing_in_it() {
    let inner = MemoryStore::new();
    let store = Sealed::new(inner.clone(), keys("one"));
    let version = save_login(&store, &key(), &login("a")).await.unwrap();
    let before = refresh_in(&inner, &key()).await.unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());

    lease.begin(version, &intent).await.unwrap();
    let found = lease.load().await.unwrap().unwrap();
    assert_eq!(found.intent.as_ref(), Some(&intent));
    assert_eq!(raw(&inner, &key()).await.intent.as_ref(), Some(&intent));
    assert_eq!(refresh_in(&inner, &key()).await.unwrap(), before);

    lease.settle(version).await.unwrap();
    assert_eq!(store.load(&key()).await.unwrap().unwrap().intent, None);
    let error = lease.begin(version + 9, &intent).await.unwrap_err();
    assert_eq!(error.code(), Some(CONFLICT));
}

#[tokio::test]
async fn what_a_newer_version_added_is_kept() {
    let (inner, with) = (MemoryStore::new(), keys("one"));
    let store = Sealed::new(inner.clone(), with.clone());
    let text = r#"{"format":1,"refresh":"a","later":{"x":[1]}}"#;
    plant(&inner, &with, &key(), text).await;
    assert_eq!(refresh_in(&store, &key()).await.unwrap(), "a");
    let version = save_login(&store, &key(), &login("b")).await.unwrap();

    let sealed = raw(&inner, &key()).await;
    let place = Place {
        key: &key(),
        version,
    };
    let envelope = super::lease::envelope_of(&sealed).unwrap();
    let with = with.writing().await.unwrap();
    let text = envelope.open(&with, place).unwrap();
    assert!(text.expose().contains(r#""later":{"x":[1]}"#));
    assert!(text.expose().contains(r#""refresh":"b""#));
}

#[tokio::test]
async fn a_token_that_comes_back_has_the_rest_of_its_life() {
    let (inner, clock) = (MemoryStore::new(), ManualClock::new());
    let store = Sealed::new(inner, keys("one")).clock(clock.clone());
    let length = Duration::from_secs(300);
    let token = Token::bearer(Secret::from("access")).unwrap();
    let token = token.with_lifetime(Lifetime::new(clock.now(), length));
    save_login(&store, &key(), &TokenSet::new(token))
        .await
        .unwrap();

    clock.advance(Duration::from_secs(100));
    let found = store.load(&key()).await.unwrap().unwrap();
    let life = found.set.token().unwrap().lifetime().unwrap();
    assert_eq!(life.ends().left(clock.now()), Duration::from_secs(200));
}

#[tokio::test]
async fn one_look_serves_load_note_and_save() {
    let inner = FailingStore::new(MemoryStore::new());
    let store = Sealed::new(inner.clone(), keys("one"));
    save_login(&store, &key(), &login("a")).await.unwrap();
    let before = inner.count(StoreCall::LeaseLoad);
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    let intent = Intent::new(SystemTime::UNIX_EPOCH, 1);
    lease.begin(version, &intent).await.unwrap();
    lease.save(Some(version), &login("b")).await.unwrap();
    assert_eq!(inner.count(StoreCall::LeaseLoad), before + 1);
}

#[tokio::test]
async fn a_store_that_saves_under_another_version_than_announced_is_reported() {
    let mut inner = mocks::MockTokenStore::new();
    inner.expect_lease().returning(|_| {
        let mut lease = mocks::MockLease::new();
        lease.expect_load().returning(|| Ok(None));
        lease.expect_next_version().return_const(1_u64);
        lease.expect_save().returning(|_, _| Ok(2));
        Ok(Box::new(lease))
    });
    let store = Sealed::new(inner, keys("one"));
    let error = save_login(&store, &key(), &login("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("announced"));
}
