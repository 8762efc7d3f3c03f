//! What is served without the store, and what is not.

use auth_core::{
    CachedBuilder, Error, ErrorKind, MemoryStore, OnStoreFailure, StoreKey, TokenSet, TokenSource,
    TokenStore,
    store::{LEASE_TIMEOUT, conflict, save_login},
};
use auth_testkit::{FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault};

use super::{HOUR, access, away, builder, lost_logins::save_in_background, policy, seconds};

fn key() -> StoreKey {
    StoreKey::new(["story", "serving"])
}

fn serving(grant: &ScriptedGrant, clock: &ManualClock, store: &FailingStore) -> CachedBuilder {
    let mut policy = policy();
    policy.on_store_failure = OnStoreFailure::Serve;
    let builder = builder(grant, clock).policy(policy);
    builder.store(store.clone(), key())
}

async fn refresh(store: &dyn TokenStore) -> String {
    let record = store.load(&key()).await.unwrap().unwrap();
    record.set.refresh().unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_store_that_says_no_is_not_away() {
    let refusals = [
        Error::new(ErrorKind::Configuration, "made up: a newer format"),
        Error::new(ErrorKind::Protocol, "made up: unreadable"),
        conflict(),
    ];
    for refusal in refusals {
        for call in [StoreCall::LeaseLoad, StoreCall::Begin] {
            let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
            grant
                .rotates_to("a", HOUR, "r-1")
                .rotates_to("b", HOUR, "r-2");
            let store = FailingStore::new(MemoryStore::new());
            let login = TokenSet::login("r-0".into());
            save_login(&store, &key(), &login).await.unwrap();
            let source = serving(&grant, &clock, &store).build();
            assert_eq!(access(&source).await, "a");
            clock.advance(HOUR);
            store.every(call, StoreFault::Before(refusal.clone()));
            assert!(source.token().await.is_err(), "{call:?}: {refusal}");
            assert_eq!(grant.calls(), 1, "{call:?}: nothing is sent, {refusal}");
        }
    }
}

#[tokio::test]
async fn a_login_that_somebody_else_holds_is_not_spent_beside_them() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let store = FailingStore::new(MemoryStore::new());
    let source = serving(&grant, &clock, &store).build();
    assert_eq!(access(&source).await, "a");
    clock.advance(HOUR);
    store.on(StoreCall::Lease, StoreFault::HangBefore(gate));
    let waiting = source.clone();
    let caller = tokio::spawn(async move { waiting.token().await });
    clock.until_sleepers(1).await;
    clock.advance(seconds(30));
    let error = caller.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(LEASE_TIMEOUT));
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn the_login_that_the_note_was_made_on_does_not_overtake_what_follows_from_it() {
    for fault in [StoreFault::Before, StoreFault::After] {
        for call in [StoreCall::Save, StoreCall::Begin] {
            let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
            grant.rotates_to("a", HOUR, "r-1");
            let store = FailingStore::new(MemoryStore::new());
            store.on(call, fault(away()));
            let source = serving(&grant, &clock, &store)
                .previous(TokenSet::login("r-0".into()))
                .build();
            assert_eq!(access(&source).await, "a", "{call:?}");
            save_in_background(&source, &clock).await;
            assert_eq!(refresh(&store).await, "r-1", "{call:?}");
            assert!(grant.seen()[0].presents("r-0"));
        }
    }
}
