//! Ways in which a login could get lost, none of which loses it.

use auth_core::{
    Cached, Clock, Error, ErrorKind, Lifetime, MemoryStore, Now, Secret, StoreKey, Token, TokenSet,
    TokenSource, TokenStore,
    store::{BEGUN_ELSEWHERE, save_login},
};
use auth_testkit::{
    FailingStore, Gate, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set,
};

use super::{
    HOUR, access, away, builder, ended_login, seconds, until, waiting_saves::saves_slowly,
};

pub(super) fn key() -> StoreKey {
    StoreKey::new(["story", "login"])
}

pub(super) async fn stored(store: &impl TokenStore) -> Option<String> {
    let record = store.load(&key()).await.unwrap()?;
    Some(record.set.refresh()?.expose().to_owned())
}

/// Lets the task that saves in the background have its turn, a second for each, until it has saved.
pub(super) async fn save_in_background(source: &Cached, clock: &ManualClock) {
    let saved = async || {
        let saved = !source.status().unsaved;
        if !saved {
            clock.advance(seconds(1));
        }
        saved
    };
    until("what waits is saved", saved).await;
}

#[tokio::test]
async fn a_new_authorization_that_cannot_be_saved_says_so_and_takes_over_once_it_can() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("old", 100 * HOUR, "r-old");
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "old");
    store.down(away());
    let anew = token_set("new", 100 * HOUR, "r-new", &clock);
    assert_eq!(
        source.login(anew).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert!(source.status().unsaved);
    store.mend();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-new"));
    assert_eq!(access(&source).await, "new");
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn a_login_that_another_process_ended_meanwhile_is_saved_all_the_same() {
    let (clock, shared) = (ManualClock::new(), MemoryStore::new());
    save_login(&shared, &key(), &TokenSet::login("r-0".into()))
        .await
        .unwrap();
    let (ours, theirs) = (ScriptedGrant::new(), ScriptedGrant::new());
    ours.rotates_to("a", HOUR, "r-1");
    theirs.fails(ended_login());
    let blinking = FailingStore::new(shared.clone());
    let one = builder(&ours, &clock)
        .store(blinking.clone(), key())
        .build();
    let other = builder(&theirs, &clock)
        .store(shared.clone(), key())
        .build();
    blinking.every(StoreCall::Save, StoreFault::Before(away()));
    assert!(one.token().await.is_err());
    // The other process has only the token that is spent by now. It cannot know that the first one is alive, and says
    // so once; then the refusal removes it.
    assert_eq!(
        other.token().await.unwrap_err().code(),
        Some(BEGUN_ELSEWHERE)
    );
    clock.advance(seconds(60));
    assert_eq!(
        other.token().await.unwrap_err().kind(),
        ErrorKind::OutcomeUnknown
    );
    clock.advance(seconds(60));
    assert_eq!(
        other.token().await.unwrap_err().kind(),
        ErrorKind::LoginRequired
    );
    assert_eq!(stored(&shared).await, None);
    blinking.mend();
    save_in_background(&one, &clock).await;
    assert_eq!(stored(&shared).await.as_deref(), Some("r-1"));
    assert_eq!(access(&one).await, "a");
}

#[tokio::test]
async fn only_a_servers_word_ends_a_stored_login() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    save_login(&store, &key(), &TokenSet::login("kept".into()))
        .await
        .unwrap();
    grant.fails(Error::new(
        ErrorKind::LoginRequired,
        "made up: refused on this side",
    ));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::LoginRequired
    );
    assert_eq!(stored(&store).await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_save_that_never_ends_does_not_send_the_spent_token_again() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    save_login(&store, &key(), &TokenSet::login("r-0".into()))
        .await
        .unwrap();
    store.on(StoreCall::Save, StoreFault::HangBefore(gate.clone()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let waiter = runtime.spawn({
        let source = source.clone();
        async move { source.token().await.map(drop) }
    });
    gate.until_waiting(1).await;
    runtime.shutdown_background();
    let _ = waiter.await;
    let over = async || !source.status().renewing;
    until("the renewal ends with its runtime", over).await;
    assert!(source.status().unsaved);
    assert_eq!(access(&source).await, "a");
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    assert_eq!(
        grant.calls(),
        1,
        "the exchange was made and is not made again"
    );
}

#[tokio::test]
async fn a_save_that_got_through_although_its_answer_did_not_counts() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    store.on(StoreCall::Save, StoreFault::After(away()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    assert_eq!(store.count(StoreCall::Save), 1);
    assert!(!source.status().unsaved);
}

#[tokio::test]
async fn a_slow_save_of_an_older_login_does_not_hide_a_newer_one() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let store = FailingStore::new(MemoryStore::new());
    // The store is away while the task saves the first login, so the second one comes from memory.
    let source = saves_slowly(&store, &grant, &clock, &gate).await;
    assert_eq!(source.renew_now().await.unwrap().access().expose(), "b");
    gate.open();
    save_in_background(&source, &clock).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
    assert!(grant.seen()[1].presents("r-1"));
}

#[tokio::test]
async fn a_token_that_had_ended_when_it_was_handed_in_is_not_served() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("fresh", HOUR);
    let before = Now::new(clock.wall() - 2 * HOUR, clock.monotonic());
    let ended = Token::bearer("ended".into())
        .unwrap()
        .with_lifetime(Lifetime::new(before, HOUR));
    let set = TokenSet::new(ended).with_refresh(Some(Secret::new("r-0")));
    let source = builder(&grant, &clock).previous(set).build();
    assert_eq!(access(&source).await, "fresh");
    assert!(grant.seen()[0].presents("r-0"));
}

#[tokio::test]
async fn a_forced_renewal_that_fails_is_an_error_and_leaves_the_old_token() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("old", HOUR).always(|_| Err(away()));
    let source = builder(&grant, &clock).build();
    assert_eq!(access(&source).await, "old");
    assert_eq!(
        source.renew_now().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(access(&source).await, "old");
}

#[tokio::test]
async fn a_grant_that_brings_no_access_token_is_not_asked_in_a_loop() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .returns(TokenSet::login("r-1".into()))
        .issues("a", HOUR);
    let source = builder(&grant, &clock).build();
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
    assert!(source.token().await.is_err());
    assert_eq!(grant.calls(), 1);
    clock.advance(source.status().next_attempt.unwrap());
    assert_eq!(access(&source).await, "a");
    assert!(
        grant.seen()[1].presents("r-1"),
        "the login that came is not lost"
    );
}

#[tokio::test]
async fn a_revoked_token_is_replaced_although_its_renewal_brought_nothing_better() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    let ends = clock.monotonic() + HOUR;
    let same = move |name: &'static str| {
        move |ctx: &auth_core::Exchange| {
            let left = ends.saturating_sub(ctx.clock.monotonic());
            Ok(TokenSet::new(auth_testkit::token(name, left, &ctx.clock)))
        }
    };
    grant
        .acts(same("one"))
        .acts(same("one"))
        .acts(same("other"));
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    clock.advance(HOUR - seconds(200));
    assert_eq!(access(&source).await, "one");
    grant.until_calls(2).await;
    until("the renewal is over", async || !source.status().renewing).await;
    let current = source.token().await.unwrap();
    source.reject(&current);
    assert_eq!(access(&source).await, "other");
}
