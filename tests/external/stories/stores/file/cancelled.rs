//! Callers that go away, at every place where they can.

use std::{future::Future, pin::pin, task::Poll, time::SystemTime};

use auth_core::{Error, Intent, Lease, TokenSet, TokenStore, store::save_login};
use tokio::task::yield_now;

use super::{key, plain, soon, stored};

/// Polls a future so often, lets others run in between, and drops it. Says whether it came to its end.
async fn dropped_after<T>(polls: usize, what: impl Future<Output = T>) -> bool {
    let mut what = pin!(what);
    for _ in 0..polls {
        let ended = std::future::poll_fn(|cx| Poll::Ready(what.as_mut().poll(cx).is_ready())).await;
        if ended {
            return true;
        }
        yield_now().await;
    }
    false
}

type Step = for<'a> fn(
    &'a mut Box<dyn Lease>,
    u64,
    usize,
) -> std::pin::Pin<Box<dyn Future<Output = bool> + 'a>>;

#[tokio::test]
async fn a_lease_that_is_dropped_at_any_await_leaves_a_whole_record() {
    let place = tempfile::tempdir().unwrap();
    let store = plain(&place.path().join("logins"));
    let steps: [(&str, Step); 5] = [
        ("load", |lease, _, polls| {
            Box::pin(dropped_after(polls, lease.load()))
        }),
        ("save", |lease, version, polls| {
            Box::pin(async move {
                let set = TokenSet::login("new".into());
                dropped_after(polls, lease.save(Some(version), &set)).await
            })
        }),
        ("begin", |lease, version, polls| {
            Box::pin(async move {
                let intent = Intent::new(SystemTime::now(), lease.fence());
                dropped_after(polls, lease.begin(version, &intent)).await
            })
        }),
        ("settle", |lease, version, polls| {
            Box::pin(dropped_after(polls, lease.settle(version)))
        }),
        ("remove", |lease, version, polls| {
            Box::pin(dropped_after(polls, lease.remove(version)))
        }),
    ];
    for (name, step) in steps {
        for polls in 0..40 {
            save_login(&store, &key(), &TokenSet::login("old".into()))
                .await
                .unwrap();
            let mut lease = store.lease(&key()).await.unwrap();
            let version = lease.load().await.unwrap().unwrap().version;
            step(&mut lease, version, polls).await;
            drop(lease);
            // The next one in line gets the lock, and finds the one or the other.
            let mut lease = soon(store.lease(&key())).await.unwrap();
            let found = lease.load().await.unwrap();
            let found = found.map(|record| record.set.refresh().unwrap().expose().to_owned());
            match (name, found.as_deref()) {
                (_, Some("old")) | ("save", Some("new")) | ("remove", None) => {}
                (_, other) => panic!("{name} after {polls} polls: {other:?}"),
            }
            lease.release().await.unwrap();
        }
    }
}

#[tokio::test]
async fn who_stops_waiting_for_a_lease_or_a_read_stands_in_nobodys_way() {
    let place = tempfile::tempdir().unwrap();
    let store = plain(&place.path().join("logins"));
    // A second handle, whose waits are those for another process.
    let other = plain(&place.path().join("logins"));
    save_login(&store, &key(), &TokenSet::login("old".into()))
        .await
        .unwrap();
    for polls in 0..40 {
        dropped_after(polls, store.lease(&key())).await;
        dropped_after(polls, other.lease(&key())).await;
        dropped_after(polls, store.load(&key())).await;
        dropped_after(polls, store.list()).await;
        let lease = soon(store.lease(&key())).await.unwrap();
        dropped_after(polls, store.lease(&key())).await;
        dropped_after(polls, other.lease(&key())).await;
        lease.release().await.unwrap();
        let lease = soon(other.lease(&key())).await.unwrap();
        dropped_after(polls, lease.release()).await;
        assert_eq!(stored(&store).await.as_deref(), Some("old"));
    }
    assert_eq!(other.list().await.unwrap(), [key()]);
    let _: Result<_, Error> = soon(other.lease(&key())).await;
}
