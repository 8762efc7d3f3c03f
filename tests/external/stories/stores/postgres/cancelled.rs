//! Callers that go away at every point at which they wait, with one connection of each kind.

use std::{future::poll_fn, pin::pin, task::Poll};

use auth_core::{Intent, Secret, StoreKey, TokenSet, TokenStore};
use auth_store::{Backend, Slot, Value};
use auth_store_postgres::PostgresStore;

use crate::servers::postgres::PostgresServer;

use super::{config, key, login::PATIENCE, until_quiet};

/// More than any operation needs to come to its end.
const POLLS: usize = 64;

/// Polls `work` up to `polls` times, each time when it asks for it, and drops it.
async fn polled<T>(work: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.expect("somebody is stuck behind a caller who went away")
}

async fn small(server: &PostgresServer, database: &str) -> PostgresStore {
    let config = config(&server.url(database));
    let config = config.lock_connections(1).data_connections(1);
    config.connect().await.expect("the server is there")
}

/// The next user finds everything free and in order.
async fn is_clean(store: &PostgresStore, key: &StoreKey) {
    let mut slot = soon(store.lock(key)).await.expect("the lock is free");
    let found = soon(slot.read()).await.expect("it can be read");
    let version = slot.numbers().take().expect("there are numbers");
    let value = Value::new(version, Secret::from("{}"));
    let expected = found.map(|value| value.version);
    let written = soon(slot.write(expected, &value)).await;
    written.expect("the stored version is the expected one");
    soon(slot.release()).await.expect("it is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_dropped_at_every_await_leaves_nothing_behind() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let store = small(server, &database).await;
    let key = key();
    is_clean(&store, &key).await;
    for operation in 0..7 {
        let mut finished = false;
        for polls in 1..POLLS {
            let done = match operation {
                0 => polled(store.read(&key), polls).await.is_some(),
                1 => polled(store.keys(), polls).await.is_some(),
                2 => polled(store.lock(&key), polls).await.is_some(),
                _ => {
                    let mut slot = soon(store.lock(&key)).await.expect("the lock is free");
                    let found = slot.read().await.expect("it can be read");
                    let expected = found.map(|value| value.version);
                    let version = slot.numbers().take().expect("there are numbers");
                    let value = Value::new(version, Secret::from("{}"));
                    match operation {
                        3 => polled(slot.write(expected, &value), polls).await.is_some(),
                        4 => polled(slot.erase(expected.unwrap_or(1)), polls)
                            .await
                            .is_some(),
                        5 => polled(slot.renew(), polls).await.is_some(),
                        _ => polled(slot.release(), polls).await.is_some(),
                    }
                }
            };
            is_clean(&store, &key).await;
            if done {
                finished = true;
                break;
            }
        }
        assert!(finished, "operation {operation} was never let through");
    }
    until_quiet(server, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_dropped_at_every_await_leaves_nothing_behind() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let backend = small(server, &database).await;
    let store = backend.clone().in_plain_text();
    let key = StoreKey::new(["dropped"]);
    let set = TokenSet::login(Secret::from("made-up"));
    for operation in 0..9 {
        let mut finished = false;
        for polls in 1..POLLS {
            let done = match operation {
                0 => polled(store.load(&key), polls).await.is_some(),
                1 => polled(store.list(), polls).await.is_some(),
                2 => polled(store.lease(&key), polls).await.is_some(),
                _ => {
                    let mut lease = soon(store.lease(&key)).await.expect("the lease is free");
                    let record = lease.load().await.expect("it can be read");
                    let expected = record.map(|record| record.version);
                    let version = match expected {
                        Some(version) => version,
                        None => lease.save(None, &set).await.expect("it is the first"),
                    };
                    let intent = Intent::new(std::time::SystemTime::UNIX_EPOCH, lease.fence());
                    match operation {
                        3 => polled(lease.save(Some(version), &set), polls)
                            .await
                            .is_some(),
                        4 => polled(lease.begin(version, &intent), polls).await.is_some(),
                        5 => polled(lease.settle(version), polls).await.is_some(),
                        6 => polled(lease.remove(version), polls).await.is_some(),
                        7 => polled(lease.renew(), polls).await.is_some(),
                        _ => polled(lease.release(), polls).await.is_some(),
                    }
                }
            };
            let lease = soon(store.lease(&key)).await.expect("the lease is free");
            soon(lease.release()).await.expect("it is held");
            if done {
                finished = true;
                break;
            }
        }
        assert!(finished, "operation {operation} was never let through");
    }
    until_quiet(server, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_aborted_begins_leave_one_clean_connection() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let store = small(server, &database).await;
    let key = key();
    for round in 0..1_000 {
        let polls = 1 + round % 5;
        if round % 2 == 0 {
            polled(store.lock(&key), polls).await;
        } else {
            polled(store.read(&key), polls).await;
        }
    }
    is_clean(&store, &key).await;
    until_quiet(server, &database).await;
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    );
    assert!(server.ask("postgres", &sessions).await <= 2);
}

/// Who waits while another holds the lock, and goes away, is forgotten also by the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiter_that_went_away_does_not_wait_in_the_database() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let (holder, store) = (
        small(server, &database).await,
        small(server, &database).await,
    );
    let key = key();
    let held = holder.lock(&key).await.expect("the lock is free");
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    {
        let mut waiter = pin!(store.lock(&key));
        let seen = async {
            while server.ask(&database, waits).await == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = seen => {}
            _ = &mut waiter => panic!("two hold the same lock"),
        }
    }
    soon(async {
        while server.ask(&database, waits).await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The one connection for locks is free for another key, though the first is still held.
    let other = soon(store.lock(&StoreKey::new(["other"]))).await;
    other
        .expect("the lock is free")
        .release()
        .await
        .expect("it is held");
    held.release().await.expect("it is held");
    is_clean(&store, &key).await;
    until_quiet(server, &database).await;
}
