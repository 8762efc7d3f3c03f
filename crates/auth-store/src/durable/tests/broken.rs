//! Backends that panic or fail, and runtimes that are gone.

use auth_core::{ErrorKind, store::CONFLICT};
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::durable::shelf::Trouble;

#[tokio::test]
async fn a_panic_is_an_error_of_the_call_and_ends_the_lease() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let version = saved(&store, &login("old")).await;
    let mut lease = store.lease(&key()).await.unwrap();
    lease.load().await.unwrap();
    shelf.trouble("write", Trouble::Panics);
    let error = soon(lease.save(Some(version), &login("new")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(shelf.open(), 0, "a slot that panicked is still open");
    let after = soon(lease.save(Some(version), &login("new"))).await;
    assert_eq!(code(after).as_deref(), Some(CONFLICT));
    soon(lease.release()).await.unwrap();
    assert_eq!(refresh(&record(&store).await.unwrap()), "old");
    soon(store.lease(&key())).await.unwrap();
}

#[tokio::test]
async fn a_panic_outside_a_lease_is_an_error_of_the_call() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    shelf.trouble("read", Trouble::Panics);
    let errors = [
        soon(store.load(&key())).await.err(),
        {
            shelf.trouble("keys", Trouble::Panics);
            soon(store.list()).await.err()
        },
        {
            shelf.trouble("lock", Trouble::Panics);
            soon(store.lease(&key())).await.err()
        },
    ];
    for error in errors {
        assert_eq!(error.unwrap().kind(), ErrorKind::Protocol);
    }
    soon(store.lease(&key())).await.unwrap();
    assert!(soon(store.load(&key())).await.unwrap().is_none());
}

#[tokio::test]
async fn a_save_that_failed_burns_its_version() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let burnt = lease.next_version();
    shelf.trouble("write", Trouble::Fails);
    lease.save(None, &login("a")).await.unwrap_err();
    let next = lease.next_version();
    assert!(next > burnt);
    assert_eq!(lease.save(None, &login("a")).await.unwrap(), next);
}

#[tokio::test]
async fn a_save_whose_answer_is_lost_is_found_and_can_be_saved_over() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let old = saved(&store, &login("old")).await;
    let mut lease = store.lease(&key()).await.unwrap();
    lease.load().await.unwrap();
    let version = lease.next_version();
    shelf.trouble("write", Trouble::Unanswered);
    lease.save(Some(old), &login("new")).await.unwrap_err();
    let again = lease.save(Some(old), &login("new")).await;
    assert_eq!(code(again).as_deref(), Some(CONFLICT));
    let found = lease.load().await.unwrap().unwrap();
    assert_eq!((found.version, refresh(&found)), (version, "new"));
    lease.save(Some(version), &login("newer")).await.unwrap();
}

#[tokio::test]
async fn a_lease_has_an_end_of_versions_and_says_so() {
    let store = Shelf::new().in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let mut version = None;
    for _ in 0..1_023 {
        version = Some(lease.save(version, &login("a")).await.unwrap());
    }
    let error = lease.save(version, &login("b")).await.unwrap_err();
    assert!(error.to_string().contains("take another"));
    assert!(lease.next_version() > version.unwrap());
    lease.release().await.unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    assert!(lease.save(version, &login("b")).await.unwrap() > version.unwrap());
}

#[test]
fn outside_a_runtime_everything_is_an_error() {
    let store = Shelf::new().in_plain_text();
    let key = key();
    let kinds = [
        now_or_never(store.load(&key)).err(),
        now_or_never(store.list()).err(),
        now_or_never(store.lease(&key)).err(),
    ]
    .map(|error| error.unwrap().kind());
    assert_eq!(kinds, [ErrorKind::Configuration; 3]);
}

#[test]
fn a_lease_that_outlives_its_runtime_fails_and_is_given_up() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    for dropped in [true, false] {
        let first = runtime();
        let mut lease = first.block_on(store.lease(&key())).unwrap();
        first.shutdown_background();
        let second = runtime();
        second.block_on(async {
            let error = soon(lease.renew()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            if dropped {
                drop(lease);
            } else {
                soon(lease.release()).await.unwrap_err();
            }
            assert_eq!(shelf.open(), 0);
            soon(store.lease(&key())).await.unwrap();
        });
    }
    assert_eq!(shelf.open(), 0);
}

#[test]
fn a_lease_may_be_dropped_outside_any_runtime() {
    let shelf = Shelf::new();
    let first = runtime();
    let lease = first.block_on(shelf.clone().in_plain_text().lease(&key()));
    drop(first);
    drop(lease.unwrap());
    assert_eq!(shelf.open(), 0);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn now_or_never<T>(mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> T {
    match look(future.as_mut()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}
