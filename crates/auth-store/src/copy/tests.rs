use std::time::SystemTime;

use auth_core::{
    Error, ErrorKind, Intent, MemoryStore, Secret, StoreKey, TokenSet, TokenStore,
    store::save_login,
};
use auth_testkit::{FailingStore, StoreCall, StoreFault};

use super::{Copied, OnExisting, copy_all, move_all};
use crate::{Keys, Sealed, WRONG_KEY};

fn named(name: &str) -> StoreKey {
    StoreKey::new([name])
}

async fn put(store: &dyn TokenStore, name: &str, refresh: &str) -> u64 {
    let set = TokenSet::login(Secret::from(refresh));
    save_login(store, &named(name), &set).await.unwrap()
}

async fn refresh_in(store: &dyn TokenStore, name: &str) -> Option<String> {
    let record = store.load(&named(name)).await.unwrap()?;
    Some(record.set.refresh()?.expose().to_owned())
}

async fn begin(store: &dyn TokenStore, name: &str, version: u64) -> Intent {
    let mut lease = store.lease(&named(name)).await.unwrap();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    lease.begin(version, &intent).await.unwrap();
    intent
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is away")
}

fn names(done: &Copied) -> [Vec<String>; 4] {
    let failed = |all: &[(StoreKey, Error)]| all.iter().map(|(key, _)| key.to_string()).collect();
    let plain = |all: &[StoreKey]| all.iter().map(StoreKey::to_string).collect();
    [
        plain(&done.copied),
        plain(&done.kept),
        failed(&done.failed),
        failed(&done.not_removed),
    ]
}

#[tokio::test]
async fn all_logins_are_copied_in_order_and_stay_in_the_source() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    for name in ["c", "a", "b"] {
        put(&from, name, name).await;
    }
    put(&to, "d", "d").await;
    let done = copy_all(&from, &to, OnExisting::Keep).await.unwrap();
    assert_eq!(done.copied, ["a", "b", "c"].map(named));
    assert!(done.is_complete());
    for name in ["a", "b", "c"] {
        assert_eq!(refresh_in(&from, name).await.as_deref(), Some(name));
        assert_eq!(refresh_in(&to, name).await.as_deref(), Some(name));
    }
    assert_eq!(refresh_in(&to, "d").await.as_deref(), Some("d"));
}

#[tokio::test]
async fn a_login_that_is_there_is_kept_or_replaced_as_asked() {
    for (existing, expected) in [(OnExisting::Keep, "there"), (OnExisting::Replace, "new")] {
        let (from, to) = (MemoryStore::new(), MemoryStore::new());
        put(&from, "a", "new").await;
        put(&to, "a", "there").await;
        let done = copy_all(&from, &to, existing).await.unwrap();
        assert_eq!(done.kept.len(), usize::from(existing == OnExisting::Keep));
        assert_eq!(
            done.copied.len(),
            usize::from(existing == OnExisting::Replace)
        );
        assert_eq!(refresh_in(&to, "a").await.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn clear_text_becomes_sealed_and_back() {
    let (plain, inner) = (MemoryStore::new(), MemoryStore::new());
    let sealed = Sealed::new(inner.clone(), Keys::new("k", [1; 32]).unwrap());
    put(&plain, "a", "canary").await;
    let done = copy_all(&plain, &sealed, OnExisting::Keep).await.unwrap();
    assert!(done.is_complete());
    assert!(!refresh_in(&inner, "a").await.unwrap().contains("canary"));

    let back = MemoryStore::new();
    let done = copy_all(&sealed, &back, OnExisting::Keep).await.unwrap();
    assert!(done.is_complete());
    assert_eq!(refresh_in(&back, "a").await.as_deref(), Some("canary"));
}

#[tokio::test]
async fn one_login_that_fails_does_not_stop_the_others() {
    let inner = MemoryStore::new();
    let from = Sealed::new(inner.clone(), Keys::new("k", [1; 32]).unwrap());
    let other = Sealed::new(inner.clone(), Keys::new("other", [2; 32]).unwrap());
    put(&from, "a", "a").await;
    put(&other, "b", "b").await;
    put(&from, "c", "c").await;
    put(&from, "d", "d").await;
    let place = MemoryStore::new();
    let to = Sealed::new(place.clone(), Keys::new("k", [1; 32]).unwrap());
    let foreign = Sealed::new(place.clone(), Keys::new("other", [2; 32]).unwrap());
    put(&foreign, "c", "of another").await;

    let done = copy_all(&from, &to, OnExisting::Replace).await.unwrap();
    assert_eq!(names(&done)[0], ["/a", "/d"]);
    assert_eq!(names(&done)[2], ["/b", "/c"]);
    for (_, error) in &done.failed {
        assert_eq!(error.code(), Some(WRONG_KEY));
    }
    assert!(!done.is_complete());
    let kept = refresh_in(&foreign, "c").await;
    assert_eq!(kept.as_deref(), Some("of another"));
}

#[tokio::test]
async fn every_call_may_fail_and_leases_are_given_back() {
    use StoreCall::{Begin, Lease, LeaseLoad, Release, Remove, Renew, Save};
    let at_source = [
        (Lease, "failed"),
        (LeaseLoad, "failed"),
        (Renew, "failed"),
        (Remove, "not removed"),
        (Release, "moved"),
    ];
    let at_target = [
        (Lease, "failed"),
        (LeaseLoad, "failed"),
        (Save, "failed"),
        (Begin, "failed"),
        (Release, "moved"),
    ];
    for (target, calls) in [(false, at_source), (true, at_target)] {
        for (call, expected) in calls {
            let (from, to) = (MemoryStore::new(), MemoryStore::new());
            let version = put(&from, "a", "a").await;
            let intent = begin(&from, "a", version).await;
            let left = FailingStore::new(from.clone());
            let right = FailingStore::new(to.clone());
            let failing = if target { &right } else { &left };
            failing.every(call, StoreFault::Before(away()));
            let done = move_all(&left, &right, OnExisting::Keep).await.unwrap();

            let moved = refresh_in(&from, "a").await.is_none();
            let copied = refresh_in(&to, "a").await.is_some();
            let found = match (copied, moved) {
                (true, true) => "moved",
                (true, false) => "not removed",
                (false, false) => "failed",
                (false, true) => "lost",
            };
            assert_eq!(found, expected, "{call:?}");
            // What is there has its note.
            assert_eq!(names(&done)[0].len(), usize::from(copied), "{call:?}");
            assert_eq!(names(&done)[2].len(), usize::from(!copied), "{call:?}");
            assert_eq!(
                names(&done)[3].len(),
                usize::from(copied && !moved),
                "{call:?}"
            );
            for store in [&from, &to] {
                if let Some(record) = store.load(&named("a")).await.unwrap() {
                    assert_eq!(record.intent.as_ref(), Some(&intent), "{call:?}");
                }
                // Would wait for ever if a lease were still out.
                store.lease(&named("a")).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_note_that_cannot_be_copied_takes_the_copy_with_it() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    let version = put(&from, "a", "a").await;
    begin(&from, "a", version).await;
    let failing = FailingStore::new(to.clone());
    failing.every(StoreCall::Begin, StoreFault::Before(away()));
    let done = copy_all(&from, &failing, OnExisting::Keep).await.unwrap();
    assert_eq!(done.failed.len(), 1);
    assert_eq!(refresh_in(&to, "a").await, None);

    failing.every(StoreCall::Remove, StoreFault::Before(away()));
    let done = copy_all(&from, &failing, OnExisting::Keep).await.unwrap();
    let (_, error) = &done.failed[0];
    assert!(error.to_string().contains("without the note"), "{error}");
}

#[tokio::test]
async fn a_move_leaves_one_copy() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    put(&from, "a", "a").await;
    put(&from, "b", "new").await;
    put(&to, "b", "there").await;
    let done = move_all(&from, &to, OnExisting::Keep).await.unwrap();
    assert_eq!(done.copied, [named("a")]);
    assert_eq!(done.kept, [named("b")]);
    assert!(done.is_complete());
    assert_eq!(from.list().await.unwrap(), [named("b")]);
    assert_eq!(refresh_in(&to, "a").await.as_deref(), Some("a"));
    assert_eq!(refresh_in(&to, "b").await.as_deref(), Some("there"));
}

#[tokio::test]
async fn a_source_that_cannot_be_listed_is_the_only_error_of_all() {
    let from = FailingStore::new(MemoryStore::new());
    from.down(away());
    let error = copy_all(&from, &MemoryStore::new(), OnExisting::Keep).await;
    assert!(error.unwrap_err().is_transient());
}
