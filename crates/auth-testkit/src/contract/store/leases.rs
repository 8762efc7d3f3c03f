//! Who may change it: one at a time.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use auth_core::{Secret, Token, TokenSet};
use tokio::task::{JoinSet, yield_now};

use super::{StoreFixture, changes::login, contents::load};

pub(super) async fn run(fixture: &StoreFixture) {
    exclusive(fixture).await;
    keys_do_not_wait(fixture).await;
    release(fixture).await;
    drop_releases(fixture).await;
    dropped_waiter(fixture).await;
    dropped_call(fixture).await;
    fence(fixture).await;
    renew(fixture).await;
    concurrent(fixture).await;
}

async fn exclusive(fixture: &StoreFixture) {
    let clause = fixture.clause("exclusive");
    let key = fixture.key("exclusive");
    let mut lease = fixture.lease(clause, &key).await;
    clause.succeeds(lease.save(None, &login("a")).await, "saving");
    for store in [&fixture.store, &fixture.other] {
        let mut waiter = std::pin::pin!(store.lease(&key));
        // Reading takes the store as long as granting would, and proves that readers do not wait.
        for _ in 0..3 {
            clause.holds(
                is_pending(waiter.as_mut()),
                "a second lease was granted while the first was in force",
            );
            load(clause, &**store, &key).await;
            yield_now().await;
        }
    }
    clause.succeeds(lease.release().await, "releasing");
}

async fn keys_do_not_wait(fixture: &StoreFixture) {
    let clause = fixture.clause("keys_do_not_wait");
    let held = fixture.lease(clause, &fixture.key("one")).await;
    let mut other = fixture.lease(clause, &fixture.key("other")).await;
    let saved = clause.soon(other.save(None, &login("a")), "saving").await;
    clause.succeeds(saved, "saving under another key");
    clause.succeeds(other.release().await, "releasing");
    clause.succeeds(held.release().await, "releasing");
}

async fn release(fixture: &StoreFixture) {
    let clause = fixture.clause("release");
    let key = fixture.key("release");
    let lease = fixture.lease(clause, &key).await;
    let store = Arc::clone(&fixture.other);
    let next = tokio::spawn({
        let key = key.clone();
        async move { store.lease(&key).await?.release().await }
    });
    yield_now().await;
    clause.succeeds(lease.release().await, "releasing");
    let next = clause.soon(next, "a lease after a release").await;
    clause.succeeds(next.unwrap_or(Ok(())), "the lease after a release");
    let last = fixture.lease(clause, &key).await;
    clause.succeeds(last.release().await, "releasing");
}

async fn drop_releases(fixture: &StoreFixture) {
    let clause = fixture.clause("drop_releases");
    let key = fixture.key("drop");
    for _ in 0..3 {
        drop(fixture.lease(clause, &key).await);
    }
    let again = clause.soon(fixture.other.lease(&key), "a lease after drops");
    clause.succeeds(again.await, "a lease after drops");
}

async fn dropped_waiter(fixture: &StoreFixture) {
    let clause = fixture.clause("dropped_waiter");
    let key = fixture.key("waiter");
    let lease = fixture.lease(clause, &key).await;
    for store in [&fixture.store, &fixture.other] {
        let mut waiter = store.lease(&key);
        for _ in 0..3 {
            clause.holds(is_pending(waiter.as_mut()), "a second lease was granted");
            yield_now().await;
        }
        drop(waiter);
    }
    clause.succeeds(lease.release().await, "releasing");
    fixture.lease(clause, &key).await;
}

async fn dropped_call(fixture: &StoreFixture) {
    let clause = fixture.clause("dropped_call");
    // Each round lets the calls run a little further before they are dropped.
    for polls in 1..6 {
        let key = fixture.key("dropped");
        let mut lease = fixture.lease(clause, &key).await;
        let version = clause.succeeds(lease.save(None, &login("old")).await, "saving");
        poll_and_drop(lease.save(Some(version), &login("new")), polls).await;
        drop(lease);
        poll_and_drop(fixture.store.load(&key), polls).await;
        poll_and_drop(fixture.store.list(), polls).await;
        poll_and_drop(fixture.store.lease(&key), polls).await;
        let mut lease = fixture.lease(clause, &key).await;
        let Some(record) = clause.succeeds(lease.load().await, "loading") else {
            clause.broken("a save that was dropped took the record away");
        };
        let refresh = record.set.refresh().map(Secret::expose);
        clause.holds(
            matches!(refresh, Some("old" | "new")),
            "a save that was dropped left something that nobody saved",
        );
        let saved = lease.save(Some(record.version), &login("next")).await;
        clause.succeeds(saved, "saving after a dropped save");
        clause.succeeds(lease.release().await, "releasing");
    }
}

async fn fence(fixture: &StoreFixture) {
    let clause = fixture.clause("fence");
    let key = fixture.key("fence");
    let mut last = 0;
    for round in 0..6 {
        let store = if round % 2 == 0 {
            &fixture.store
        } else {
            &fixture.other
        };
        let lease = clause.soon(store.lease(&key), "taking a lease").await;
        let mut lease = clause.succeeds(lease, "taking a lease");
        let fence = lease.fence();
        clause.holds(
            fence > last,
            format_args!("fence {fence} came after {last}"),
        );
        last = fence;
        let found = clause.succeeds(lease.load().await, "loading");
        let changed = match found {
            // A removal takes the record away; the numbers must outlive it.
            Some(record) => lease.remove(record.version).await,
            None => lease.save(None, &login("a")).await.map(drop),
        };
        clause.succeeds(changed, "saving and removing in turn");
        clause.succeeds(lease.release().await, "releasing");
    }
}

async fn renew(fixture: &StoreFixture) {
    let clause = fixture.clause("renew");
    let mut lease = fixture.lease(clause, &fixture.key("renew")).await;
    let fence = lease.fence();
    for _ in 0..3 {
        clause.succeeds(lease.renew().await, "renewing a lease in force");
    }
    clause.holds(lease.fence() == fence, "renewing changed the fence");
    clause.succeeds(lease.save(None, &login("a")).await, "saving");
    clause.succeeds(lease.release().await, "releasing");
}

async fn concurrent(fixture: &StoreFixture) {
    let clause = fixture.clause("concurrent");
    let key = fixture.key("concurrent");
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..fixture.tasks {
        let stores = [&fixture.store, &fixture.other];
        let store = Arc::clone(stores[number % 2]);
        let (key, inside) = (key.clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            let mut lease = store.lease(&key).await?;
            let alone = inside.fetch_add(1, Ordering::SeqCst) == 0;
            let record = lease.load().await?;
            let expected = record.as_ref().map(|record| record.version);
            let token = record.and_then(|record| record.set.token().cloned());
            let count: usize = token.and_then(|token| token.extra("count")).unwrap_or(0);
            let next = Secret::new((count + 1).to_string());
            let token = Token::bearer(Secret::from("access"))?.with_extra("count", next);
            yield_now().await;
            lease.save(expected, &TokenSet::new(token)).await?;
            inside.fetch_sub(1, Ordering::SeqCst);
            lease.release().await?;
            Ok(alone)
        });
    }
    let all = clause
        .soon(tasks.join_all(), "many tasks at one record")
        .await;
    for outcome in all {
        let alone = clause.succeeds(outcome, "a change among many");
        clause.holds(alone, "two leases were in force at the same time");
    }
    let record = load(clause, &*fixture.store, &key).await;
    let token = record.and_then(|record| record.set.token().cloned());
    let count: usize = token.and_then(|token| token.extra("count")).unwrap_or(0);
    clause.holds(
        count == fixture.tasks,
        format_args!("{} tasks counted to {count}", fixture.tasks),
    );
}

/// Looks at a future once. Whoever wakes it is of no interest here: it is looked at again or dropped.
fn is_pending<T>(mut future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    matches!(future.as_mut().poll(&mut cx), Poll::Pending)
}

async fn poll_and_drop<T: Send>(future: impl Future<Output = T> + Send, polls: usize) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if !is_pending(future.as_mut()) {
            return;
        }
        yield_now().await;
    }
}
