//! Which login an exchange begins with, what its grant is told, and who saves what it brought.

use std::sync::{Arc, Mutex};

use auth_core::{
    Exchange, MemoryStore, OnStoreFailure, TokenSet, TokenSource, TokenStore,
    store::{conflict, save_login},
};
use auth_testkit::{
    FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set,
};
use tokio::runtime::Builder;

use super::{
    HOUR, access, away, builder,
    lost_logins::{key, save_in_background, stored},
    policy, seconds,
};

#[tokio::test]
async fn a_grant_hears_whether_a_server_refused_the_token() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (ears, now) = (Arc::clone(&heard), clock.clone());
    grant.always(move |ctx: &Exchange| {
        let mut heard = ears.lock().unwrap();
        heard.push(ctx.refused);
        Ok(token_set(&heard.len().to_string(), HOUR, "refresh", &now))
    });
    let source = builder(&grant, &clock).build();
    assert_eq!(access(&source).await, "1");
    clock.advance(HOUR);
    let second = source.token().await.unwrap();
    source.reject(&second);
    assert_eq!(access(&source).await, "3");
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "4");
    assert_eq!(*heard.lock().unwrap(), [false, false, true, false]);
}

#[tokio::test]
async fn a_login_that_another_process_ended_is_not_spent_from_memory() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    grant.rotates_to("a", HOUR, "r-1").issues("b", HOUR);
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    let mut lease = store.lease(&key()).await.unwrap();
    let record = lease.load().await.unwrap().unwrap();
    lease.remove(record.version).await.unwrap();
    drop(lease);
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "b");
    assert!(!grant.seen()[1].has_previous());
}

#[tokio::test]
async fn a_renewal_is_not_content_with_the_login_that_it_was_asked_to_renew() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let builder = builder(&grant, &clock);
    let source = builder.store(MemoryStore::new(), key()).build();
    assert_eq!(access(&source).await, "a");
    let renewed = source.renew_now().await.unwrap();
    assert_eq!(renewed.access().expose(), "b");
}

#[tokio::test]
async fn a_lease_that_was_lost_before_anything_was_sent_costs_one_more_look() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    save_login(&store, &key(), &TokenSet::login("r-0".into()))
        .await
        .unwrap();
    store.on(StoreCall::Begin, StoreFault::Before(conflict()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    assert!(grant.seen()[0].presents("r-0"));
}

#[tokio::test]
async fn a_try_to_save_that_hangs_is_given_up_after_a_third_of_the_timeout() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let source = builder(&grant, &clock)
        .policy(serve())
        .store(store.clone(), key());
    let source = source.build();
    assert_eq!(access(&source).await, "a");
    store.mend();
    store.every(StoreCall::Lease, StoreFault::HangBefore(gate));
    clock.until_sleepers(1).await;
    clock.advance(seconds(1));
    clock.until_sleepers(1).await;
    assert_eq!(clock.next_deadline(), Some(seconds(11)));
}

#[test]
fn a_runtime_that_ends_while_a_login_waits_leaves_its_saving_to_the_next() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let store = FailingStore::new(MemoryStore::new());
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let source = builder(&grant, &clock)
        .policy(serve())
        .store(store.clone(), key());
    let source = source.build();
    let runtime = || Builder::new_current_thread().build().unwrap();
    let first = runtime();
    assert_eq!(first.block_on(access(&source)), "a");
    first.block_on(clock.until_sleepers(1));
    drop(first);
    assert_eq!(clock.sleepers(), 0);

    clock.advance(HOUR);
    runtime().block_on(async {
        assert_eq!(access(&source).await, "b");
        assert_eq!(clock.sleepers(), 1, "nobody saves");
        store.mend();
        save_in_background(&source, &clock).await;
        assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
    });
}

#[tokio::test]
async fn only_an_answer_that_is_no_better_starts_a_back_off() {
    let half = std::time::Duration::from_millis(500);
    for (first, after, second, refused, backs_off) in [
        (seconds(60), seconds(10), seconds(60), false, false),
        // It ends a second later, which a reply that is cut to whole seconds may hide.
        (seconds(60), seconds(10), seconds(51), false, true),
        // Of a token of two seconds, half a second is a good deal.
        (seconds(2), half, seconds(2), false, false),
        // After a refusal another token is better, however soon it ends.
        (seconds(60), seconds(10), seconds(50), true, false),
    ] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.issues("a", first).issues("b", second);
        let source = builder(&grant, &clock).build();
        let old = source.token().await.unwrap();
        assert!(source.status().next_attempt.is_none());
        clock.advance(after);
        if refused {
            source.reject(&old);
            assert_eq!(access(&source).await, "b");
        } else {
            source.renew_now().await.unwrap();
        }
        let pauses = source.status().next_attempt.is_some();
        assert_eq!(pauses, backs_off, "{first:?} {second:?} {refused}");
    }
}

fn serve() -> auth_core::Policy {
    let mut policy = policy();
    policy.on_store_failure = OnStoreFailure::Serve;
    policy
}
