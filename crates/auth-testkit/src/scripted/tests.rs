use std::{sync::Arc, time::Duration};

use auth_core::{
    Clock, Error, ErrorKind, Exchange, Grant, Held, MemoryStore, Origins, Peek, StoreKey,
    TokenSource, TokenStore, Transport,
};

use super::*;
use crate::ManualClock;

const MINUTE: Duration = Duration::from_secs(60);

fn error() -> Error {
    Error::new(ErrorKind::Unavailable, "made up")
}

#[tokio::test]
async fn a_grant_plays_its_script_in_order_and_remembers() {
    let clock = ManualClock::new();
    let grant = ScriptedGrant::new();
    grant
        .rotates_to("a", MINUTE, "refresh-1")
        .fails(error())
        .returns(token_set("b", MINUTE, "refresh-2", &clock));
    let mut ctx = Exchange::new(Arc::new(clock.clone()));

    clock.advance(MINUTE);
    let set = grant.exchange(&ctx).await.unwrap();
    let life = set.token().unwrap().lifetime().unwrap();
    assert_eq!(life.asked(), clock.now());
    ctx.previous = Some(set);
    assert!(grant.exchange(&ctx).await.is_err());
    assert!(grant.exchange(&ctx).await.is_ok());
    let end = grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(end.kind(), ErrorKind::Protocol);

    let seen = grant.seen();
    assert!(!seen[0].has_previous());
    assert!(seen[1].presents("refresh-1") && seen[1].held("a"));
    assert!(!seen[1].presents("refresh-2"));
    assert!(!format!("{seen:?} {grant:?}").contains("refresh-1"));
    assert_eq!((grant.calls(), grant.finished()), (4, 4));
}

#[tokio::test]
async fn a_grant_counts_what_was_dropped_and_what_overlapped() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let grant = ScriptedGrant::reusing();
    let gate = Gate::new();
    grant.waits(&gate).issues("a", MINUTE);
    grant.waits(&gate).issues("b", MINUTE).panics();
    let run = || {
        let (grant, ctx) = (grant.clone(), Exchange::new(Arc::clone(&clock)));
        tokio::spawn(async move { grant.exchange(&ctx).await })
    };
    let first = run();
    grant.until_calls(1).await;
    let second = run();
    gate.until_waiting(2).await;
    assert_eq!(grant.most_at_once(), 2);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!((grant.abandoned(), gate.waiting()), (1, 1));
    gate.open();
    let set = second.await.unwrap().unwrap();
    assert_eq!(set.token().unwrap().access().expose(), "b");
    assert!(run().await.unwrap_err().is_panic());
    assert!(!grant.rotates());
}

#[tokio::test]
async fn a_scripted_source_does_what_the_test_says() {
    let clock = ManualClock::new();
    let source = ScriptedSource::new(Origins::default());
    let mut held = Held::new();
    assert_eq!(source.peek(&mut held), Peek::Absent);
    assert!(source.token().await.is_err());

    let first = token("first", MINUTE, &clock);
    source.issue(first.clone());
    source.make_due();
    assert_eq!(source.peek(&mut held), Peek::Renew);
    assert_eq!(source.peek(&mut held), Peek::Ready);
    assert_eq!(held.token().unwrap().generation(), first.generation());

    let gate = Gate::new();
    source.hold(&gate);
    source.queue(Ok(token("second", MINUTE, &clock)));
    source.reject(&first);
    let waiter = tokio::spawn({
        let source = source.clone();
        async move { source.token().await }
    });
    gate.until_waiting(1).await;
    gate.open();
    assert_eq!(waiter.await.unwrap().unwrap().access().expose(), "second");
    source.reject(&first);
    assert_eq!(source.peek(&mut held), Peek::Ready);
    assert_eq!((source.rejections(), source.waits()), (2, 2));
    assert!(!format!("{source:?}").contains("second"));
}

#[tokio::test]
async fn fixed_and_failing_sources_are_what_they_say() {
    let clock = ManualClock::new();
    let fixed = StaticSource::new(token("fixed", MINUTE, &clock), Origins::default());
    fixed.reject(&token("fixed", MINUTE, &clock));
    assert_eq!(fixed.peek(&mut Held::new()), Peek::Ready);
    let token = fixed.token().await.unwrap();
    fixed.reject(&token);
    assert_eq!(fixed.peek(&mut Held::new()), Peek::Absent);
    assert!(fixed.token().await.is_err());

    let failing = FailingSource::new(error(), Origins::default());
    assert!(failing.token().await.is_err());
    assert_eq!(failing.calls(), 1);
}

#[tokio::test]
async fn a_transport_plays_its_script_and_shows_no_value() {
    let transport = ScriptedTransport::new();
    let gate = Gate::new();
    transport.waits(&gate).fails(error());
    transport.always(|_| Ok(http::Response::default()));
    gate.open();
    let request = || {
        http::Request::post("https://id.example/token?key=planted-1&twice=1&twice=1")
            .header("authorization", "planted-2")
            .body(bytes::Bytes::from("secret=planted-3"))
            .unwrap()
    };
    assert!(transport.send(request()).await.is_err());
    assert!(transport.send(request()).await.is_ok());
    let requests = transport.requests();
    assert_eq!(requests.len(), transport.calls());
    assert!(requests[0].header_has("authorization", "planted-2"));
    assert!(requests[0].query_has("key", "planted-1"));
    assert!(!requests[0].query_has("twice", "1"));
    assert!(!format!("{transport:?} {requests:?}").contains("planted"));
}

#[tokio::test]
async fn a_store_fails_where_it_is_told_to() {
    let inner = MemoryStore::new();
    let store = FailingStore::new(inner.clone());
    let key = StoreKey::new(["key"]);
    let set = TokenSet::login("refresh".into());
    let mut lease = store.lease(&key).await.unwrap();

    store.on(StoreCall::Save, StoreFault::Before(error()));
    assert!(lease.save(None, &set).await.is_err());
    assert!(inner.load(&key).await.unwrap().is_none());
    store.on(StoreCall::Save, StoreFault::After(error()));
    assert!(lease.save(None, &set).await.is_err());
    assert!(inner.load(&key).await.unwrap().is_some());

    store.down(error());
    assert!(store.list().await.is_err());
    assert!(lease.load().await.is_err());
    store.mend();
    assert!(store.list().await.unwrap().contains(&key));

    let gate = Gate::new();
    store.every(StoreCall::Renew, StoreFault::HangBefore(gate.clone()));
    gate.open();
    lease.renew().await.unwrap();
    store.at(store.calls().len() + 1, StoreFault::HangAfter(gate));
    lease.release().await.unwrap();
    assert_eq!(store.count(StoreCall::Save), 2);
    assert_eq!(store.calls().last(), Some(&StoreCall::Release));
}
