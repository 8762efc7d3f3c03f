//! What is noted before a refresh token is spent, and what becomes of a note that a dead process left.

use auth_core::{
    Clock, ErrorKind, Intent, MemoryStore, OnStoreFailure, Sent, StoreKey, TokenSet, TokenSource,
    TokenStore,
    store::{BEGUN_ELSEWHERE, save_login},
};
use auth_testkit::{FailingStore, ManualClock, ScriptedGrant, StoreCall, StoreFault};

use super::{
    HOUR, access, away, builder, ended_login, lost_logins::save_in_background, policy, seconds,
};

pub(super) fn key() -> StoreKey {
    StoreKey::new(["story", "intent"])
}

pub(super) async fn log_in(store: &dyn TokenStore) {
    let login = TokenSet::login("r-0".into());
    save_login(store, &key(), &login).await.unwrap();
}

/// Leaves the note of a process that died when it had sent the refresh token `sends` times.
pub(super) async fn dies_while_spending(store: &dyn TokenStore, clock: &ManualClock, sends: u32) {
    let mut lease = store.lease(&key()).await.unwrap();
    let record = lease.load().await.unwrap().unwrap();
    let mut intent = Intent::new(clock.wall(), lease.fence());
    intent.sends = sends;
    lease.begin(record.version, &intent).await.unwrap();
}

async fn is_noted(store: &dyn TokenStore) -> bool {
    let record = store.load(&key()).await.unwrap();
    record.unwrap().intent.is_some()
}

#[tokio::test]
async fn a_token_is_noted_before_it_is_spent_and_the_save_takes_the_note_away() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    log_in(&store).await;
    let before = store.calls().len();
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    let calls = [
        StoreCall::Lease,
        StoreCall::LeaseLoad,
        StoreCall::Begin,
        StoreCall::Save,
        StoreCall::Release,
    ];
    assert_eq!(store.calls()[before..], calls);
    assert!(!is_noted(&store).await);
}

#[tokio::test]
async fn what_is_not_spent_is_not_noted() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::reusing());
    grant.rotates_to("a", HOUR, "r-0");
    let store = FailingStore::new(MemoryStore::new());
    log_in(&store).await;
    dies_while_spending(&store, &clock, 1).await;
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a", "nor is anybody's note believed");
    assert_eq!(store.count(StoreCall::Begin), 1);
}

#[tokio::test]
async fn a_dead_process_makes_one_typed_error_and_then_the_provider_decides() {
    for refused in [false, true] {
        let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
        if refused {
            grant.fails(ended_login());
        } else {
            grant.rotates_to("a", HOUR, "r-1");
        }
        log_in(&store).await;
        dies_while_spending(&store, &clock, 1).await;
        let replicas =
            [(); 2].map(|()| builder(&grant, &clock).store(store.clone(), key()).build());
        // It may be alive and about to save, so its exchange is left to it for a while.
        for passed in [0, 20, 40] {
            let error = replicas[0].token().await.unwrap_err();
            assert_eq!(error.code(), Some(BEGUN_ELSEWHERE), "{passed} s");
            clock.advance(seconds(20));
        }
        let error = replicas[0].token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(error.sent(), Sent::Maybe);
        assert!(error.is_transient());
        assert_eq!(grant.calls(), 0);
        clock.advance(seconds(60));
        for replica in &replicas {
            match replica.token().await {
                Ok(token) => assert_eq!(token.access().expose(), "a"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::LoginRequired),
            }
            if refused {
                break;
            }
        }
        assert_eq!(grant.calls(), 1, "refused: {refused}");
    }
}

#[tokio::test]
async fn within_the_leeway_the_token_is_sent_once_more_and_no_more() {
    for (sends, passed, again) in [(1, 9, true), (1, 10, false), (2, 9, false)] {
        let clock = ManualClock::new();
        let grant = ScriptedGrant::lenient(seconds(10));
        grant.rotates_to("a", HOUR, "r-1");
        let store = MemoryStore::new();
        log_in(&store).await;
        dies_while_spending(&store, &clock, sends).await;
        clock.advance(seconds(passed));
        let source = builder(&grant, &clock).store(store.clone(), key()).build();
        let outcome = source.token().await;
        assert_eq!(outcome.is_ok(), again, "{sends} sent, {passed} s");
        clock.advance(seconds(60));
        assert!(source.token().await.is_ok() == again);
        assert_eq!(grant.calls(), usize::from(again));
        assert!(!is_noted(&store).await);
    }
}

#[tokio::test]
async fn the_note_of_an_exchange_stays_until_it_is_known_what_became_of_it() {
    for (sent, noted) in [
        (Sent::No, false),
        (Sent::Answered, false),
        (Sent::Maybe, true),
    ] {
        let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
        grant
            .fails(away().with_sent(sent))
            .rotates_to("a", HOUR, "r-1");
        log_in(&store).await;
        let source = builder(&grant, &clock).store(store.clone(), key()).build();
        let error = source.token().await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unavailable, sent));
        assert_eq!(is_noted(&store).await, noted, "{sent:?}");
        let other = builder(&ScriptedGrant::new(), &clock)
            .store(store.clone(), key())
            .build();
        if noted {
            let error = other.token().await.unwrap_err();
            assert_eq!(error.code(), Some(BEGUN_ELSEWHERE));
        }
        // Who said how it ended need not say it again.
        clock.advance(seconds(1));
        assert_eq!(access(&source).await, "a", "{sent:?}");
        clock.advance(seconds(60));
        assert_eq!(access(&other).await, "a", "{sent:?}");
    }
}

#[tokio::test]
async fn an_own_note_stays_ours_where_the_next_one_cannot_be_made() {
    for fault in [StoreFault::Before, StoreFault::After] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant
            .fails(away().with_sent(Sent::Maybe))
            .rotates_to("a", HOUR, "r-1");
        let store = FailingStore::new(MemoryStore::new());
        log_in(&store).await;
        let source = builder(&grant, &clock).store(store.clone(), key()).build();
        assert!(source.token().await.is_err());
        assert!(is_noted(&store).await);
        for _ in 0..3 {
            store.on(StoreCall::Begin, fault(away()));
            clock.advance(seconds(60));
            let error = source.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert_ne!(error.code(), Some(BEGUN_ELSEWHERE));
            assert!(is_noted(&store).await);
        }
        assert_eq!(grant.calls(), 1);
        clock.advance(seconds(60));
        assert_eq!(access(&source).await, "a");
        assert_eq!(grant.calls(), 2);
    }
}

#[tokio::test]
async fn a_note_from_long_ago_is_left_behind_for_a_program_that_runs_for_a_moment() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    log_in(&store).await;
    dies_while_spending(&store, &clock, 1).await;
    for (passed, code) in [(599, Some(BEGUN_ELSEWHERE)), (1, None)] {
        clock.advance(seconds(passed));
        let run = builder(&grant, &clock).store(store.clone(), key()).build();
        let error = run.token().await.unwrap_err();
        assert_eq!(error.code(), code, "{passed} s later");
    }
    grant.rotates_to("a", HOUR, "r-1");
    let run = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&run).await, "a");
}

#[tokio::test]
async fn a_note_whose_answer_is_lost_is_taken_away_because_nothing_was_sent() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("a", HOUR, "r-1");
    let store = FailingStore::new(MemoryStore::new());
    log_in(&store).await;
    store.on(StoreCall::Begin, StoreFault::After(away()));
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert!(source.token().await.is_err());
    assert!(!is_noted(&store).await);
    assert_eq!(grant.calls(), 0);
}

#[tokio::test]
async fn a_note_that_cannot_be_made_keeps_the_token_unspent_unless_policy_says_otherwise() {
    for rule in [OnStoreFailure::FailClosed, OnStoreFailure::Serve] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.rotates_to("a", HOUR, "r-1");
        let store = FailingStore::new(MemoryStore::new());
        log_in(&store).await;
        store.on(StoreCall::Begin, StoreFault::Before(away()));
        let mut policy = policy();
        policy.on_store_failure = rule;
        let builder = builder(&grant, &clock).policy(policy);
        let source = builder.store(store.clone(), key()).build();
        let serves = rule == OnStoreFailure::Serve;
        let outcome = source.token().await;
        assert_eq!(outcome.is_ok(), serves, "{rule:?}");
        assert_eq!(grant.calls(), usize::from(serves), "{rule:?}");
        if !serves {
            assert_eq!(outcome.unwrap_err().sent(), Sent::No);
            clock.advance(seconds(1));
            assert_eq!(access(&source).await, "a");
        }
    }
}

#[tokio::test]
async fn a_login_held_in_memory_alone_is_stored_before_it_is_spent() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.fails(away().with_sent(Sent::No));
    let store = FailingStore::new(MemoryStore::new());
    let source = builder(&grant, &clock)
        .previous(TokenSet::login("r-0".into()))
        .store(store.clone(), key())
        .build();
    assert!(source.token().await.is_err());
    let stored = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.set.refresh().unwrap().expose(), "r-0");
    assert!(stored.intent.is_none());
}

#[tokio::test]
async fn a_grant_that_panics_leaves_its_note_and_tries_again() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    grant.panics().rotates_to("a", HOUR, "r-1");
    log_in(&store).await;
    let source = builder(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
    assert!(is_noted(&store).await);
    clock.advance(seconds(1));
    assert_eq!(access(&source).await, "a");
}

#[tokio::test]
async fn a_process_that_lives_and_could_not_save_is_waited_for() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let (ours, theirs) = (ScriptedGrant::new(), ScriptedGrant::new());
    ours.rotates_to("a", HOUR, "r-1");
    log_in(&store).await;
    let blinking = FailingStore::new(store.clone());
    let one = builder(&ours, &clock)
        .store(blinking.clone(), key())
        .build();
    let looks = FailingStore::new(store.clone());
    let other = builder(&theirs, &clock).store(looks.clone(), key()).build();
    blinking.every(StoreCall::Save, StoreFault::Before(away()));
    assert!(one.token().await.is_err());
    assert!(one.status().unsaved);
    // The outage lasts longer than any pause, and the other process asks again and again.
    for _ in 0..20 {
        let error = other.token().await.unwrap_err();
        assert_eq!(error.code(), Some(BEGUN_ELSEWHERE));
        clock.advance(seconds(2));
        tokio::task::yield_now().await;
    }
    assert!(looks.count(StoreCall::LeaseLoad) > 3);
    blinking.mend();
    save_in_background(&one, &clock).await;
    clock.advance(seconds(60));
    assert_eq!(access(&other).await, "a");
    assert_eq!((ours.calls(), theirs.calls()), (1, 0));
}
