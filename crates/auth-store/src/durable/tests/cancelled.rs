//! Calls whose callers are gone, over a pool of one connection.

use std::time::SystemTime;

use auth_core::{Intent, Lease};

use super::*;

#[derive(Clone, Copy, Debug)]
enum Call {
    Load,
    Save,
    Begin,
    Settle,
    Remove,
    Renew,
    Release,
}

const CALLS: [Call; 7] = [
    Call::Load,
    Call::Save,
    Call::Begin,
    Call::Settle,
    Call::Remove,
    Call::Renew,
    Call::Release,
];

async fn call(call: Call, mut lease: Box<dyn Lease>, version: u64, after: bool) {
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    match call {
        Call::Load => lease.load().await.map(drop),
        Call::Save => lease.save(Some(version), &login("new")).await.map(drop),
        Call::Begin => lease.begin(version, &intent).await,
        Call::Settle => lease.settle(version).await,
        Call::Remove => lease.remove(version).await,
        Call::Renew => lease.renew().await,
        Call::Release => return lease.release().await.unwrap(),
    }
    .unwrap();
    if after {
        lease.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_dropped_at_any_point_leaves_the_store_clean() {
    for one in CALLS {
        for polls in 0.. {
            let shelf = Shelf::with_pool(1);
            let store = shelf.clone().in_plain_text();
            let version = saved(&store, &login("old")).await;
            let lease = soon(store.lease(&key())).await.unwrap();
            let whole = {
                let call = std::pin::pin!(call(one, lease, version, polls % 2 == 0));
                looked_at(call, polls).await.is_some()
            };
            clean(&shelf, &store, one).await;
            if whole {
                assert!(polls > 2, "{one:?} has no point at which it can be dropped");
                break;
            }
        }
    }
}

async fn clean(shelf: &Shelf, store: &Durable<Shelf>, one: Call) {
    let mut lease = soon(store.lease(&key())).await.unwrap();
    let before = soon(lease.load()).await.unwrap();
    assert_eq!(shelf.spoilt(), 0, "{one:?} was left half-way");
    match (&before, one) {
        (Some(record), Call::Save) => assert!(["old", "new"].contains(&refresh(record))),
        (Some(record), _) => assert_eq!(refresh(record), "old"),
        (None, one) => assert!(matches!(one, Call::Remove)),
    }
    let expected = before.map(|record| record.version);
    soon(lease.save(expected, &login("next"))).await.unwrap();
    soon(lease.release()).await.unwrap();
    assert_eq!(
        refresh(&soon(store.load(&key())).await.unwrap().unwrap()),
        "next"
    );
    assert_eq!(shelf.open(), 0);
}

#[tokio::test]
async fn reading_and_waiting_dropped_at_any_point_leave_the_store_clean() {
    for polls in 0..12 {
        let shelf = Shelf::with_pool(1);
        let store = shelf.clone().in_plain_text();
        saved(&store, &login("old")).await;
        looked_at(store.load(&key()).as_mut(), polls).await;
        looked_at(store.list().as_mut(), polls).await;
        drop(looked_at(store.lease(&key()).as_mut(), polls).await);
        clean(&shelf, &store, Call::Load).await;
    }
}

#[tokio::test]
async fn the_next_call_waits_for_one_that_was_left_alone() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let version = saved(&store, &login("old")).await;
    let mut lease = store.lease(&key()).await.unwrap();
    let held = shelf.hold().await;
    assert!(looked_at(lease.renew().as_mut(), 5).await.is_none());
    {
        let new = login("new");
        let mut save = lease.save(Some(version), &new);
        assert!(looked_at(save.as_mut(), 5).await.is_none());
        drop(held);
        soon(save).await.unwrap();
    }
    soon(lease.release()).await.unwrap();
    let calls = shelf.calls();
    assert_eq!(
        calls[calls.len() - 4..],
        ["renew", "slot read", "write", "release"]
    );
    assert_eq!(shelf.spoilt(), 0);
}

#[tokio::test]
async fn a_save_left_alone_has_the_version_that_was_foretold_and_no_later_one_has_it() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let foretold = lease.next_version();
    let held = shelf.hold().await;
    assert!(
        looked_at(lease.save(None, &login("a")).as_mut(), 5)
            .await
            .is_none()
    );
    let later = lease.next_version();
    assert!(later > foretold);
    drop(held);
    assert_eq!(soon(lease.load()).await.unwrap().unwrap().version, foretold);
    let version = soon(lease.save(Some(foretold), &login("b"))).await;
    assert_eq!(version.unwrap(), later);
}

#[tokio::test]
async fn a_dropped_lease_is_released_and_a_released_one_only_once() {
    let shelf = Shelf::new();
    let store = shelf.clone().in_plain_text();
    drop(store.lease(&key()).await.unwrap());
    let lease = soon(store.lease(&key())).await.unwrap();
    assert_eq!((shelf.open(), shelf.released()), (1, 1));
    soon(lease.release()).await.unwrap();
    assert_eq!((shelf.open(), shelf.released()), (0, 2));
    assert_eq!(shelf.calls(), ["lock", "release", "lock", "release"]);
}
