use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::*;
use crate::Secret;

fn look<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn keys() -> impl Iterator<Item = StoreKey> {
    (0..500).map(|number| StoreKey::new(["made-up", &number.to_string()]))
}

fn kept(store: &MemoryStore) -> usize {
    lock(&store.0.slots).len()
}

#[tokio::test]
async fn waiters_that_are_dropped_leave_no_key_behind() {
    let store = MemoryStore::new();
    for key in keys() {
        let holder = store.lease(&key).await.unwrap();
        let mut waiters = [store.lease(&key), store.lease(&key), store.lease(&key)];
        for waiter in &mut waiters {
            assert!(look(waiter.as_mut()).is_pending());
        }
        let [first, second, third] = waiters;
        drop(second);
        holder.release().await.unwrap();
        // It was granted the lease and never looked.
        drop(first);
        drop(third.await.unwrap());
    }
    assert_eq!(kept(&store), 0);
    for key in keys() {
        let holder = store.lease(&key).await.unwrap();
        let mut waiter = store.lease(&key);
        assert!(look(waiter.as_mut()).is_pending());
        drop(holder);
        drop(waiter);
    }
    assert_eq!(kept(&store), 0);
}

#[tokio::test]
async fn a_key_stays_while_something_is_stored_or_somebody_waits() {
    let (store, key) = (MemoryStore::new(), StoreKey::new(["made-up"]));
    let mut holder = store.lease(&key).await.unwrap();
    let set = TokenSet::login(Secret::from("made-up"));
    let version = holder.save(None, &set).await.unwrap();
    drop(store.lease(&key));
    drop(holder);
    assert!(store.load(&key).await.unwrap().is_some());

    let mut holder = store.lease(&key).await.unwrap();
    let mut waiter = store.lease(&key);
    assert!(look(waiter.as_mut()).is_pending());
    holder.remove(version).await.unwrap();
    drop(holder);
    assert_eq!(kept(&store), 1);
    let waiter = waiter.await.unwrap();
    let mut other = store.lease(&key);
    assert!(look(other.as_mut()).is_pending(), "two hold one lease");
    drop(other);
    drop(waiter);
    assert_eq!(kept(&store), 0);
}

#[tokio::test]
async fn numbers_rise_over_all_keys_and_the_next_version_is_the_one_saved() {
    let store = MemoryStore::new();
    let set = TokenSet::login(Secret::from("made-up"));
    let mut last = 0;
    for key in keys().take(3) {
        let mut lease = store.lease(&key).await.unwrap();
        assert!(lease.fence() > last);
        let first = lease.next_version();
        assert!(first > last);
        assert_eq!(lease.save(None, &set).await.unwrap(), first);
        let second = lease.next_version();
        assert!(second > first);
        assert_eq!(lease.save(Some(first), &set).await.unwrap(), second);
        last = second;
    }
    let listed = store.list().await.unwrap();
    assert!(listed.len() == 3 && keys().take(3).all(|key| listed.contains(&key)));
}
