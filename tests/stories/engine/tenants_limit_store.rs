//! A limit on exchanges, and what needs none: logins and tokens that come from elsewhere.

use std::task::{Context, Waker};

use auth_core::{
    Cached, ExchangeLimit, MemoryStore, OnStoreFailure, StoreKey, TokenSet, TokenStore,
    store::save_login,
};
use auth_testkit::{
    FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set,
};
use tokio::task::JoinHandle;

use super::{
    HOUR, access, away, builder, policy,
    tenants_limit::{in_line, limit, limited, queued},
};

fn key() -> StoreKey {
    StoreKey::new(["story", "limit"])
}

/// Takes the only place, until the gate opens.
async fn full(clock: &ManualClock, gate: &Gate) -> (ExchangeLimit, JoinHandle<String>) {
    let (limit, grant) = (limit(1), ScriptedGrant::new());
    grant.waits(gate).issues("holder", HOUR);
    let holder = limited(&grant, clock, &limit);
    let holder = tokio::spawn(async move { access(&holder).await });
    gate.until_waiting(1).await;
    (limit, holder)
}

fn stored(
    grant: &ScriptedGrant,
    clock: &ManualClock,
    store: &MemoryStore,
    limit: &ExchangeLimit,
) -> Cached {
    let builder = builder(grant, clock).store(store.clone(), key());
    builder.limit(limit.clone()).build()
}

#[tokio::test]
async fn who_waits_for_a_place_holds_no_lease_and_uses_what_another_process_saved_meanwhile() {
    let (clock, gate, store) = (ManualClock::new(), Gate::new(), MemoryStore::new());
    let (limit, holder) = full(&clock, &gate).await;
    let grant = ScriptedGrant::new();
    let waits = queued(&stored(&grant, &clock, &store, &limit), &limit).await;
    let key = key();
    let mut lease = store.lease(&key);
    let free = lease.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(free.is_ready(), "it holds the lease while it waits");
    drop((free, lease));
    let theirs = token_set("theirs", HOUR, "r-1", &clock);
    save_login(&store, &key, &theirs).await.unwrap();
    gate.open();
    holder.await.unwrap();
    let token = waits.await.unwrap().unwrap();
    assert_eq!(token.access().expose(), "theirs");
    assert_eq!((grant.calls(), limit.in_flight()), (0, 0));
}

#[tokio::test]
async fn who_waited_exchanges_what_is_stored_by_then() {
    let (clock, gate, store) = (ManualClock::new(), Gate::new(), MemoryStore::new());
    let [old, newer] = ["r-0", "r-1"].map(|refresh| token_set("old", HOUR, refresh, &clock));
    clock.advance(HOUR);
    let (limit, holder) = full(&clock, &gate).await;
    let grant = ScriptedGrant::new();
    grant.rotates_to("ours", HOUR, "r-2");
    save_login(&store, &key(), &old).await.unwrap();
    let waits = queued(&stored(&grant, &clock, &store, &limit), &limit).await;
    save_login(&store, &key(), &newer).await.unwrap();
    gate.open();
    holder.await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap().access().expose(), "ours");
    assert!(grant.seen()[0].presents("r-1"));
    let record = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(record.set.refresh().unwrap().expose(), "r-2");
    assert!(record.intent.is_none());
}

#[tokio::test]
async fn who_waited_while_the_store_was_away_looks_whether_it_came_back() {
    let (clock, gate) = (ManualClock::new(), Gate::new());
    let (limit, holder) = full(&clock, &gate).await;
    let (grant, store) = (ScriptedGrant::new(), FailingStore::new(MemoryStore::new()));
    store.every(StoreCall::Lease, StoreFault::Before(away()));
    let mut serving = policy();
    serving.on_store_failure = OnStoreFailure::Serve;
    let source = builder(&grant, &clock)
        .policy(serving)
        .store(store.clone(), key())
        .previous(TokenSet::login("r-0".into()))
        .limit(limit.clone())
        .build();
    let waits = queued(&source, &limit).await;
    store.mend();
    let theirs = token_set("theirs", HOUR, "r-1", &clock);
    save_login(&store, &key(), &theirs).await.unwrap();
    gate.open();
    holder.await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap().access().expose(), "theirs");
    assert_eq!(grant.calls(), 0, "it sends what another process spent");
}

#[tokio::test]
async fn a_stored_token_and_a_login_that_is_put_in_place_need_no_place() {
    let (clock, gate, store) = (ManualClock::new(), Gate::new(), MemoryStore::new());
    let (limit, holder) = full(&clock, &gate).await;
    let theirs = token_set("theirs", HOUR, "r-1", &clock);
    save_login(&store, &key(), &theirs).await.unwrap();
    let grant = ScriptedGrant::new();
    let source = stored(&grant, &clock, &store, &limit);
    assert_eq!(access(&source).await, "theirs");
    let anew = token_set("anew", HOUR, "r-2", &clock);
    source.login(anew).await.unwrap();
    assert_eq!(access(&source).await, "anew");
    let (clock_of_work, beside) = (clock.clone(), "beside");
    let obtained = source.login_from(move |_| async move {
        Ok((token_set("from", HOUR, "r-3", &clock_of_work), beside))
    });
    assert_eq!(obtained.await.unwrap(), beside);
    assert_eq!(access(&source).await, "from");
    assert_eq!((grant.calls(), limit.in_flight()), (0, 1));
    gate.open();
    holder.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_source_in_line() {
    let (clock, gate, store) = (ManualClock::new(), Gate::new(), MemoryStore::new());
    let (limit, holder) = full(&clock, &gate).await;
    let grant = ScriptedGrant::new();
    grant.rotates_to("ours", HOUR, "r-1");
    let source = stored(&grant, &clock, &store, &limit);
    let caller = queued(&source, &limit).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    in_line(&limit, 1).await;
    gate.open();
    holder.await.unwrap();
    assert_eq!(access(&source).await, "ours");
    assert_eq!(grant.calls(), 1);
}
