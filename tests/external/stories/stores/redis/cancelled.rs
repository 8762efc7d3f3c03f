//! Calls that are dropped, at every point at which they wait.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use auth_core::{Secret, StoreKey};
use auth_store::{Backend, Slot, Value};
use auth_store_redis::{RedisSlot, RedisStore};

use super::{key, open};
use crate::servers::redis::RedisServer;

/// Runs `future` until it was looked at `polls` times, and drops it then.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    struct Cut<'a, F>(Pin<&'a mut F>, usize);

    impl<F: Future> Future for Cut<'_, F> {
        type Output = Option<F::Output>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            if let Poll::Ready(output) = self.0.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            self.1 -= 1;
            if self.1 == 0 {
                return Poll::Ready(None);
            }
            Poll::Pending
        }
    }

    let future = pin!(future);
    Cut(future, polls).await
}

/// Takes the lock much faster than a lease that was left behind would end.
async fn lock(store: &RedisStore, key: &StoreKey) -> RedisSlot {
    let slot = tokio::time::timeout(Duration::from_secs(10), store.lock(key)).await;
    slot.expect("nobody left a lock behind").unwrap()
}

async fn put(slot: &mut RedisSlot, text: &str) -> Value {
    let expected = slot.read().await.unwrap().map(|value| value.version);
    let version = slot.numbers().take().unwrap();
    let value = Value::new(version, Secret::from(text));
    slot.write(expected, &value).await.unwrap();
    value
}

#[tokio::test]
async fn ten_thousand_cancelled_calls_shift_no_answer() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let keys: Vec<_> = (0..50)
        .map(|number| StoreKey::new(["echo", &number.to_string()]))
        .collect();
    for key in &keys {
        put(&mut lock(&store, key).await, key.as_str()).await;
    }
    let mut cancelled = 0;
    for round in 0.. {
        let (dropped, read) = (&keys[round % 50], &keys[round * 7 % 50]);
        let polls = 1 + round % 3;
        cancelled += usize::from(cut(store.read(dropped), polls).await.is_none());
        if round % 16 == 0 {
            cancelled += usize::from(cut(store.keys(), polls).await.is_none());
            cancelled += usize::from(cut(store.lock(dropped), polls).await.is_none());
        }
        let found = store.read(read).await.unwrap().unwrap();
        assert_eq!(found.body.expose(), read.as_str(), "round {round}");
        if cancelled >= 10_000 {
            break;
        }
    }
}

#[tokio::test]
async fn a_call_may_be_dropped_wherever_it_waits() {
    let server = RedisServer::start();
    let store = open(&server).await;
    for name in ["read", "keys", "lock", "write", "erase", "renew", "release"] {
        let mut finished = 0;
        for polls in 1.. {
            if call_and_cut(&store, name, polls).await {
                finished += 1;
            }
            let mut slot = lock(&store, &key()).await;
            let found = slot.read().await.unwrap();
            let text = found.as_ref().map(|value| value.body.expose());
            let whole = match name {
                "write" => matches!(text, Some("old" | "new")),
                "erase" => matches!(text, Some("old") | None),
                _ => text == Some("old"),
            };
            assert!(whole, "{name} dropped at {polls}");
            put(&mut slot, "next").await;
            slot.release().await.unwrap();
            // How often a call is looked at depends on when answers come.
            if finished == 5 {
                break;
            }
        }
    }
}

/// Returns whether the call came to its end before it was dropped.
async fn call_and_cut(store: &RedisStore, name: &str, polls: usize) -> bool {
    let mut slot = lock(store, &key()).await;
    let old = put(&mut slot, "old").await;
    let version = slot.numbers().take().unwrap();
    let new = Value::new(version, Secret::from("new"));
    let expected = Some(old.version);
    match name {
        "read" => cut(store.read(&key()), polls).await.is_some(),
        "keys" => cut(store.keys(), polls).await.is_some(),
        "write" => cut(slot.write(expected, &new), polls).await.is_some(),
        "erase" => cut(slot.erase(old.version), polls).await.is_some(),
        "renew" => cut(slot.renew(), polls).await.is_some(),
        "release" => cut(slot.release(), polls).await.is_some(),
        "lock" => {
            slot.release().await.unwrap();
            cut(store.lock(&key()), polls).await.is_some()
        }
        _ => unreachable!("{name} is no operation"),
    }
}

#[tokio::test]
async fn waiters_that_are_gone_hold_nothing() {
    let server = RedisServer::start();
    let (store, other) = (open(&server).await, open(&server).await);
    for polls in 1..40 {
        let held = lock(&store, &key()).await;
        assert!(cut(other.lock(&key()), polls).await.is_none());
        held.release().await.unwrap();
        lock(&store, &key()).await.release().await.unwrap();
    }
}

#[test]
fn a_slot_outlives_its_runtime_no_longer_than_its_lease() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let server = RedisServer::start();
    let first = runtime();
    let store = first.block_on(async {
        let builder = RedisStore::builder(server.url()).lease(Duration::from_millis(500));
        builder.connect().await.unwrap()
    });
    let slot = first.block_on(store.lock(&key())).unwrap();
    drop(first);
    drop(slot);
    // The connection went with its runtime, too.
    runtime().block_on(async {
        put(&mut lock(&store, &key()).await, "next").await;
    });
}
