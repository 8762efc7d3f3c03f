//! Several sources on one store, as several processes have them.

use async_trait::async_trait;
use auth_core::{
    Cached, Error, ErrorKind, Intent, Lease, MemoryStore, OnStoreFailure, Record, StoreKey,
    TokenSet, TokenSource, TokenStore, store::save_login,
};
use auth_testkit::{
    FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set,
};

use super::{HOUR, access, builder, ended_login, policy, seconds};

fn key() -> StoreKey {
    StoreKey::new(["story", "shared"])
}

fn replica(grant: &ScriptedGrant, clock: &ManualClock, store: &MemoryStore) -> Cached {
    builder(grant, clock).store(store.clone(), key()).build()
}

#[tokio::test]
async fn eight_replicas_that_start_together_ask_once() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    grant.rotates_to("a", HOUR, "r-1");
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let replica = replica(&grant, &clock, &store);
            tokio::spawn(async move { access(&replica).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "a");
    }
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn replicas_rotate_one_login_without_ever_spending_a_token_twice() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    let replicas: Vec<_> = (0..8).map(|_| replica(&grant, &clock, &store)).collect();
    for round in 0..50 {
        grant.rotates_to(&format!("a-{round}"), HOUR, &format!("r-{round}"));
        for replica in &replicas {
            assert_eq!(access(replica).await, format!("a-{round}"));
        }
        clock.advance(HOUR);
    }
    assert_eq!(grant.calls(), 50);
    for (round, seen) in grant.seen().iter().enumerate().skip(1) {
        assert!(seen.presents(&format!("r-{}", round - 1)), "round {round}");
    }
}

#[tokio::test]
async fn fault_11_a_refusal_is_not_believed_when_the_store_has_moved() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    let store = MemoryStore::new();
    save_login(&store, &key(), &TokenSet::login("spent".into()))
        .await
        .unwrap();
    grant.waits(&gate).fails(ended_login());
    let source = builder(&grant, &clock)
        .store(Loose(store.clone()), key())
        .build();
    let caller = tokio::spawn(async move { access(&source).await });
    gate.until_waiting(1).await;
    let theirs = token_set("theirs", HOUR, "fresh", &clock);
    save_login(&store, &key(), &theirs).await.unwrap();
    gate.open();
    assert_eq!(caller.await.unwrap(), "theirs");
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn fault_12_a_refusal_with_the_store_unmoved_ends_the_login_once() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    save_login(&store, &key(), &TokenSet::login("dead".into()))
        .await
        .unwrap();
    grant.fails(ended_login());
    let source = replica(&grant, &clock, &store);
    for _ in 0..10 {
        assert_eq!(
            source.token().await.unwrap_err().kind(),
            ErrorKind::LoginRequired
        );
    }
    assert_eq!(grant.calls(), 1);
    assert!(store.load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_holder_that_lost_its_lease_takes_over_what_the_next_one_saved() {
    for rule in [OnStoreFailure::FailClosed, OnStoreFailure::Serve] {
        let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
        grant
            .waits(&gate)
            .rotates_to("late", HOUR, "r-late")
            .rotates_to("theirs", HOUR, "r-theirs");
        let store = MemoryStore::new();
        let sources = [(); 2].map(|()| {
            let mut policy = policy();
            policy.on_store_failure = rule;
            let builder = builder(&grant, &clock).policy(policy);
            builder.store(Loose(store.clone()), key()).build()
        });
        let [slow, quick] = sources;
        let caller = tokio::spawn(async move { access(&slow).await });
        gate.until_waiting(1).await;
        assert_eq!(access(&quick).await, "theirs");
        gate.open();
        assert_eq!(caller.await.unwrap(), "theirs", "{rule:?}");
        let stored = store.load(&key()).await.unwrap().unwrap();
        assert_eq!(stored.set.refresh().unwrap().expose(), "r-theirs");
    }
}

#[tokio::test]
async fn a_new_authorization_goes_over_what_is_saved_under_its_eyes() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    let shared = MemoryStore::new();
    let store = FailingStore::new(Loose(shared.clone()));
    store.on(StoreCall::Save, StoreFault::HangBefore(gate.clone()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    let person = tokio::spawn(async move { source.login(TokenSet::login("anew".into())).await });
    gate.until_waiting(1).await;
    let theirs = TokenSet::login("theirs".into());
    save_login(&shared, &key(), &theirs).await.unwrap();
    gate.open();
    person.await.unwrap().unwrap();
    assert_eq!(
        store.count(StoreCall::Save),
        2,
        "the first one came too late"
    );
    let stored = shared.load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.set.refresh().unwrap().expose(), "anew");
}

#[tokio::test]
async fn a_slow_exchange_renews_its_lease() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).issues("a", HOUR);
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    let caller = tokio::spawn(async move { access(&source).await });
    for step in 1..=4 {
        clock.until_deadline(seconds(5 * step)).await;
        clock.advance(seconds(5));
    }
    clock.until_deadline(seconds(25)).await;
    assert_eq!(store.count(StoreCall::Renew), 4);
    gate.open();
    assert_eq!(caller.await.unwrap(), "a");
    assert_eq!(store.count(StoreCall::Release), 1);
}

#[tokio::test]
async fn a_valid_token_never_waits_for_the_store() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.issues("a", HOUR);
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    store.every(StoreCall::Lease, StoreFault::HangBefore(gate));
    clock.advance(HOUR - seconds(200));
    for _ in 0..100 {
        assert_eq!(access(&source).await, "a");
    }
}

/// A store whose leases exclude nobody, as one whose lease was lost.
#[derive(Clone)]
struct Loose(MemoryStore);

#[async_trait]
impl TokenStore for Loose {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        self.0.load(key).await
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        Ok(Box::new(LooseLease(self.0.clone(), key.clone())))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        self.0.list().await
    }
}

struct LooseLease(MemoryStore, StoreKey);

#[async_trait]
impl Lease for LooseLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        self.0.load(&self.1).await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        self.0.lease(&self.1).await?.save(expected, set).await
    }

    fn next_version(&self) -> u64 {
        0
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        self.0.lease(&self.1).await?.begin(expected, intent).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.0.lease(&self.1).await?.settle(expected).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.0.lease(&self.1).await?.remove(expected).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn fence(&self) -> u64 {
        0
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}
