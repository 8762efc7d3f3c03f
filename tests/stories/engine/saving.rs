//! Save before publish, and stores that fail.

use auth_core::{
    CachedBuilder, ErrorKind, Event, MemoryStore, OnRefusedLogin, OnStoreFailure, Secret, StoreKey,
    TokenSet, TokenSource, TokenStore, store::save_login,
};
use auth_testkit::{FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault};

use super::{HOUR, access, away, builder, ended_login, policy};

fn key() -> StoreKey {
    StoreKey::new(["story", "account"])
}

fn serving(builder: CachedBuilder) -> CachedBuilder {
    let mut policy = policy();
    policy.on_store_failure = OnStoreFailure::Serve;
    builder.policy(policy)
}

async fn stored(store: &impl TokenStore) -> Option<String> {
    let record = store.load(&key()).await.unwrap()?;
    Some(record.set.refresh()?.expose().to_owned())
}

#[tokio::test]
async fn nobody_gets_a_token_before_its_login_is_saved() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.rotates_to("access", HOUR, "refresh");
    let store = FailingStore::new(MemoryStore::new());
    store.on(StoreCall::Save, StoreFault::HangBefore(gate.clone()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    let caller = tokio::spawn({
        let source = source.clone();
        async move { access(&source).await }
    });
    gate.until_waiting(1).await;
    assert!(!caller.is_finished());
    assert_eq!(
        source.peek(&mut auth_core::Held::new()),
        auth_core::Peek::Absent
    );
    gate.open();
    assert_eq!(caller.await.unwrap(), "access");
    assert_eq!(stored(&store).await.as_deref(), Some("refresh"));
}

#[tokio::test]
async fn fail_closed_keeps_the_login_and_never_exchanges_twice_for_it() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("access", HOUR, "refresh");
    let store = FailingStore::new(MemoryStore::new());
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert!(source.status().unsaved);
    for _ in 0..3 {
        clock.advance(source.status().next_attempt.unwrap());
        assert!(source.token().await.is_err());
    }
    store.mend();
    clock.advance(source.status().next_attempt.unwrap());
    assert_eq!(access(&source).await, "access");
    assert_eq!(stored(&store).await.as_deref(), Some("refresh"));
    assert!(!source.status().unsaved);
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn serve_gives_the_token_out_and_keeps_saving_beside_it() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("access", HOUR, "refresh");
    let store = FailingStore::new(MemoryStore::new());
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let (told, mut events) = tokio::sync::mpsc::unbounded_channel();
    let source = serving(builder(&grant, &clock))
        .store(store.clone(), key())
        .observer(move |_: &str, event: &Event| drop(told.send(event.clone())))
        .build();
    assert_eq!(access(&source).await, "access");
    assert!(matches!(events.recv().await, Some(Event::Unsaved { .. })));
    assert!(matches!(events.recv().await, Some(Event::Issued { .. })));
    // No caller is needed: the task that could not save tries again by itself.
    store.mend();
    clock.until_sleepers(1).await;
    clock.advance(super::seconds(1));
    assert!(matches!(events.recv().await, Some(Event::Saved)));
    assert_eq!(stored(&store).await.as_deref(), Some("refresh"));
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn serve_renews_from_memory_while_the_store_is_down() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2")
        .rotates_to("c", HOUR, "r-3");
    let store = FailingStore::new(MemoryStore::new());
    let source = serving(builder(&grant, &clock))
        .store(store.clone(), key())
        .build();
    assert_eq!(access(&source).await, "a");
    store.down(away());
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "b");
    assert!(grant.seen()[1].presents("r-1"));
    assert!(source.status().unsaved);
    store.mend();
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "c");
    assert!(
        grant.seen()[2].presents("r-2"),
        "and not the one that the store still had"
    );
    assert_eq!(stored(&store).await.as_deref(), Some("r-3"));
}

#[tokio::test]
async fn the_last_handle_goes_and_the_save_is_tried_once_more() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("access", HOUR, "refresh");
    let store = FailingStore::new(MemoryStore::new());
    // Lease, load, and then three saves with a load between them.
    for call in [3, 5, 7] {
        store.at(call, StoreFault::Before(away()));
    }
    let (told, mut events) = tokio::sync::mpsc::unbounded_channel();
    let source = serving(builder(&grant, &clock))
        .store(store.clone(), key())
        .observer(move |_: &str, event: &Event| drop(told.send(event.clone())))
        .build();
    access(&source).await;
    drop(source);
    while !matches!(events.recv().await, Some(Event::Saved)) {}
    assert_eq!(stored(&store).await.as_deref(), Some("refresh"));
    assert!(events.recv().await.is_none(), "and then everything is gone");
}

#[tokio::test]
async fn a_refused_login_is_removed_unless_the_policy_keeps_it() {
    for (rule, left) in [
        (OnRefusedLogin::Remove, None),
        (OnRefusedLogin::Keep, Some("old".to_owned())),
    ] {
        let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
        grant.fails(ended_login());
        save_login(&store, &key(), &TokenSet::login(Secret::new("old")))
            .await
            .unwrap();
        let mut policy = policy();
        policy.on_refused_login = rule;
        let source = builder(&grant, &clock)
            .policy(policy)
            .store(store.clone(), key())
            .build();
        assert_eq!(
            source.token().await.unwrap_err().kind(),
            ErrorKind::LoginRequired
        );
        assert_eq!(stored(&store).await, left, "{rule:?}");
        assert_eq!(
            source.token().await.unwrap_err().kind(),
            ErrorKind::LoginRequired
        );
        assert_eq!(grant.calls(), 1, "it is not asked again at once");
    }
}

#[tokio::test]
async fn a_new_authorization_is_saved_over_whatever_is_stored() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    access(&source).await;
    // Another process saves meanwhile.
    save_login(&store, &key(), &TokenSet::login(Secret::new("theirs")))
        .await
        .unwrap();
    source
        .login(TokenSet::login(Secret::new("anew")))
        .await
        .unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("anew"));
    assert_eq!(access(&source).await, "b");
    assert!(grant.seen()[1].presents("anew"));
}
