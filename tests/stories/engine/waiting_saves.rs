//! Logins that wait to be saved, and what happens meanwhile.

use auth_core::{
    Cached, MemoryStore, OnStoreFailure, TokenSet, TokenSource, TokenStore, store::save_login,
};
use auth_testkit::{
    FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set,
};

use super::{
    HOUR, access, away, builder,
    lost_logins::{key, save_in_background, stored},
    policy, seconds,
};

#[tokio::test]
async fn what_is_renewed_while_the_store_cannot_be_written_is_saved_once_it_can() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let store = FailingStore::new(MemoryStore::new());
    save_login(&store, &key(), &TokenSet::login("r-0".into()))
        .await
        .unwrap();
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let mut serve = policy();
    serve.on_store_failure = OnStoreFailure::Serve;
    let source = builder(&grant, &clock)
        .policy(serve)
        .store(store.clone(), key())
        .build();
    assert_eq!(access(&source).await, "a");
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "b");
    assert!(grant.seen()[1].presents("r-1"));
    store.mend();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
}

#[tokio::test]
async fn a_new_authorization_goes_over_what_others_saved_while_it_waited() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let anew = token_set("new", 100 * HOUR, "r-new", &clock);
    assert!(source.login(anew).await.is_err());
    store.mend();
    save_login(&store, &key(), &TokenSet::login("r-theirs".into()))
        .await
        .unwrap();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-new"));
    assert_eq!(access(&source).await, "new");
}

#[tokio::test]
async fn work_that_was_done_is_not_called_undone_when_its_login_cannot_be_saved() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    store.down(away());
    let login = async |_: auth_core::Exchange| Ok((TokenSet::login("r-1".into()), "beside"));
    let error = source.login_from(login).await.unwrap_err();
    assert_eq!(error.sent(), auth_core::Sent::Answered);
    store.mend();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn a_login_that_others_saved_meanwhile_stays_although_another_one_waited() {
    for (rule, known) in [
        (OnStoreFailure::FailClosed, false),
        (OnStoreFailure::FailClosed, true),
        (OnStoreFailure::Serve, false),
        (OnStoreFailure::Serve, true),
    ] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.rotates_to("a", HOUR, "r-1").issues("b", HOUR);
        let store = FailingStore::new(MemoryStore::new());
        let log_in = async |refresh: &str| {
            let login = TokenSet::login(refresh.into());
            save_login(&store, &key(), &login).await.unwrap();
        };
        if known {
            log_in("r-0").await;
        }
        store.every(StoreCall::Save, StoreFault::Before(away()));
        let mut policy = policy();
        policy.on_store_failure = rule;
        let source = builder(&grant, &clock)
            .policy(policy)
            .store(store.clone(), key())
            .build();
        let serves = rule == OnStoreFailure::Serve;
        assert_eq!(source.token().await.is_ok(), serves, "{rule:?} {known}");
        store.mend();
        log_in("r-theirs").await;
        save_in_background(&source, &clock).await;
        assert_eq!(stored(&store).await.as_deref(), Some("r-theirs"));
        clock.advance(HOUR);
        assert_eq!(access(&source).await, "b");
        assert!(grant.seen()[1].presents("r-theirs"), "{rule:?} {known}");
    }
}

/// Returns a source that uses the token "a", has got as far as saving it, and finds the store away when it looks again.
pub(super) async fn saves_slowly(
    store: &FailingStore,
    grant: &ScriptedGrant,
    clock: &ManualClock,
    gate: &Gate,
) -> Cached {
    let mut serve = policy();
    serve.on_store_failure = OnStoreFailure::Serve;
    let builder = builder(grant, clock).policy(serve);
    let source = builder.store(store.clone(), key()).build();
    store.every(StoreCall::Save, StoreFault::Before(away()));
    assert_eq!(access(&source).await, "a");
    store.mend();
    store.on(StoreCall::Save, StoreFault::HangBefore(gate.clone()));
    clock.until_sleepers(1).await;
    clock.advance(seconds(1));
    gate.until_waiting(1).await;
    store.on(StoreCall::Lease, StoreFault::Before(away()));
    source
}

async fn stored_access(store: &impl TokenStore) -> Option<String> {
    let record = store.load(&key()).await.unwrap()?;
    Some(record.set.token()?.access().expose().to_owned())
}

#[tokio::test]
async fn a_token_that_came_without_a_login_while_an_older_one_was_saved_is_saved_over_it() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.issues("a", HOUR).issues("b", HOUR);
    let store = FailingStore::new(MemoryStore::new());
    let source = saves_slowly(&store, &grant, &clock, &gate).await;
    assert_eq!(source.renew_now().await.unwrap().access().expose(), "b");
    gate.open();
    save_in_background(&source, &clock).await;
    assert_eq!(stored_access(&store).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn a_new_authorization_that_came_while_an_older_login_was_saved_goes_over_everything() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    let source = saves_slowly(&store, &grant, &clock, &gate).await;
    source.login(TokenSet::login("anew".into())).await.unwrap();
    gate.open();
    while stored(&store).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(source.status().unsaved);
    let theirs = TokenSet::login("theirs".into());
    save_login(&store, &key(), &theirs).await.unwrap();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("anew"));
}
