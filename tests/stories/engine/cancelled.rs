//! Callers that go away, and exchanges that do not end well.

use std::{pin::pin, task::Poll};

use auth_core::{ErrorKind, Event, MemoryStore, StoreKey, TokenSource, TokenStore};
use auth_testkit::{Gate, ManualClock, ScriptedGrant};

use super::{HOUR, access, builder};

/// Polls once and drops: the caller goes away while it waits.
async fn start_and_leave(source: &auth_core::Cached) {
    let mut call = pin!(source.token());
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn fault_36_the_leader_is_dropped_and_the_others_get_its_token() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).issues("only", HOUR);
    let source = builder(&grant, &clock).build();
    start_and_leave(&source).await;
    gate.until_waiting(1).await;
    let follower = tokio::spawn({
        let source = source.clone();
        async move { access(&source).await }
    });
    gate.open();
    assert_eq!(follower.await.unwrap(), "only");
    assert_eq!((grant.calls(), grant.abandoned()), (1, 0));
}

#[tokio::test]
async fn everybody_leaves_and_the_rotated_login_is_saved_all_the_same() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).rotates_to("access", HOUR, "refresh");
    let (store, key) = (MemoryStore::new(), StoreKey::new(["story"]));
    let (told, mut events) = tokio::sync::mpsc::unbounded_channel();
    let source = builder(&grant, &clock)
        .store(store.clone(), key.clone())
        .observer(move |_: &str, event: &Event| drop(told.send(event.clone())))
        .build();
    for _ in 0..100 {
        start_and_leave(&source).await;
    }
    gate.until_waiting(1).await;
    // Not even the last handle is needed.
    drop(source);
    gate.open();
    assert!(matches!(events.recv().await, Some(Event::Issued { .. })));
    let saved = store.load(&key).await.unwrap().unwrap();
    assert_eq!(saved.set.refresh().unwrap().expose(), "refresh");
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn fault_37_a_grant_that_panics_fails_its_callers_and_nothing_stays_wedged() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).panics().issues("after", HOUR);
    let source = builder(&grant, &clock).build();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn({
                let source = source.clone();
                async move { source.token().await }
            })
        })
        .collect();
    gate.until_waiting(1).await;
    gate.open();
    for caller in callers {
        let error = caller.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("panicked"));
    }
    clock.advance(source.status().next_attempt.unwrap());
    assert_eq!(access(&source).await, "after");
}

#[tokio::test]
async fn fault_38_an_observer_that_panics_does_not_take_the_exchange_with_it() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR).issues("second", HOUR);
    let source = builder(&grant, &clock)
        .observer(|_: &str, _: &Event| panic!("made up"))
        .build();
    let first = source.token().await.unwrap();
    assert_eq!(first.access().expose(), "first");
    source.reject(&first);
    assert_eq!(access(&source).await, "second");
}

#[tokio::test]
async fn fault_35_a_caller_that_leaves_after_any_poll_loses_nothing() {
    for polls in 1..=8 {
        let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
        grant.rotates_to("access", HOUR, "refresh");
        let key = StoreKey::new(["story"]);
        let source = builder(&grant, &clock)
            .store(store.clone(), key.clone())
            .build();
        let mut call = Box::pin(source.token());
        for _ in 0..polls {
            let polled = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
            if polled.is_ready() {
                break;
            }
            // The exchange gets on by one step between two polls of the caller.
            tokio::task::yield_now().await;
        }
        drop(call);
        assert_eq!(access(&source).await, "access", "after {polls} polls");
        let saved = store.load(&key).await.unwrap().unwrap();
        assert_eq!(saved.set.refresh().unwrap().expose(), "refresh");
        assert_eq!(
            (grant.calls(), grant.abandoned()),
            (1, 0),
            "after {polls} polls"
        );
    }
}
