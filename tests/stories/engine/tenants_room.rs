//! Making room in a table of tenants, and what must not get lost by it.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_core::{Cached, ErrorKind, MemoryStore, StoreKey, Tenants, TokenSource, TokenStore};
use auth_testkit::{FailingStore, ManualClock, ScriptedGrant, StoreCall, StoreFault, token_set};

use super::{
    HOUR, access, away, builder,
    lost_logins::{key, save_in_background, stored},
};

const MOST: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// A tenant that can be had again at any time.
fn plain(clock: &ManualClock) -> Cached {
    let grant = ScriptedGrant::new();
    grant.issues("plain", HOUR);
    builder(&grant, clock).build()
}

/// Lets so many tenants come and go.
async fn crowd(tenants: &Tenants<String>, count: usize) {
    for number in 0..count {
        let source = tenants.get(&format!("crowd-{number}")).unwrap();
        access(&source).await;
    }
}

#[tokio::test]
async fn a_handle_keeps_its_tenant_in_the_table_with_the_login_that_it_brings_in_later() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("held", HOUR, "refresh");
    let (of, made) = (grant.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let tenants = Tenants::new(MOST, move |key: &String| {
        if key != "held" {
            return Ok(plain(&clock));
        }
        count.fetch_add(1, Ordering::Relaxed);
        Ok(builder(&of, &clock).build())
    });
    let handle = tenants.get("held").unwrap();
    // Nothing would be lost yet, but the handle may bring in a login at any moment.
    crowd(&tenants, 100).await;
    tenants.put_idle_aside();
    tenants.put_idle_aside();
    assert_eq!(access(&handle).await, "held");
    drop(handle);
    crowd(&tenants, 100).await;
    tenants.put_idle_aside();
    tenants.put_idle_aside();
    let again = tenants.get("held").unwrap();
    assert_eq!(access(&again).await, "held");
    assert_eq!((grant.calls(), made.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(tenants.len(), 1);
}

#[tokio::test]
async fn a_refresh_token_that_the_store_did_not_take_outlasts_any_crowd() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("access", HOUR, "refresh");
    let store = FailingStore::new(MemoryStore::new());
    store.every(StoreCall::Save, StoreFault::Before(away()));
    let (of, at, kept) = (grant.clone(), clock.clone(), store.clone());
    let tenants = Tenants::new(MOST, move |name: &String| {
        Ok(match name.as_str() {
            "unsaved" => builder(&of, &at).store(kept.clone(), key()).build(),
            _ => plain(&at),
        })
    });
    assert!(tenants.get("unsaved").unwrap().token().await.is_err());
    crowd(&tenants, 200).await;
    for _ in 0..3 {
        tenants.put_idle_aside();
    }
    let source = tenants.get("unsaved").unwrap();
    assert!(source.status().unsaved, "it was put aside with its login");
    store.mend();
    save_in_background(&source, &clock).await;
    assert_eq!(access(&source).await, "access");
    assert_eq!(stored(&store).await.as_deref(), Some("refresh"));
    // Saved and let go, it makes room like any other, and comes back from the store.
    drop(source);
    crowd(&tenants, 200).await;
    assert_eq!(access(&tenants.get("unsaved").unwrap()).await, "access");
    assert_eq!(grant.calls(), 1);
}

#[tokio::test]
async fn what_a_handle_of_a_removed_tenant_saves_is_found_by_the_one_made_anew() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let (grant, kept) = (ScriptedGrant::new(), store.clone());
    grant.rotates_to("late", HOUR, "r-1");
    let of = grant.clone();
    let tenants = Tenants::new(MOST, move |name: &String| {
        let key = StoreKey::new([name.as_str()]);
        Ok(builder(&of, &clock).store(kept.clone(), key).build())
    });
    let before = tenants.get("alice").unwrap();
    assert!(tenants.remove("alice").is_some());
    assert!(tenants.remove("alice").is_none() && tenants.is_empty());
    let anew = tenants.get("alice").unwrap();
    assert_eq!(access(&before).await, "late");
    assert_eq!(access(&anew).await, "late");
    assert_eq!(grant.calls(), 1);
    assert_eq!(store.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_cannot_be_made_pushes_nobody_out() {
    let (clock, made) = (ManualClock::new(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let tenants = Tenants::new(MOST, move |number: &u32| {
        if *number >= 16 {
            return Err(away());
        }
        count.fetch_add(1, Ordering::Relaxed);
        Ok(plain(&clock))
    });
    for _ in 0..2 {
        for number in 0..16 {
            access(&tenants.get(&number).unwrap()).await;
        }
        assert!(tenants.get(&16).is_err());
    }
    assert_eq!((tenants.len(), made.load(Ordering::Relaxed)), (16, 16));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_looks_on_while_room_is_made_no_login_is_lost_and_no_tenant_made_twice_at_a_time() {
    for round in 0..100 {
        // How often each tenant logged in. Its login is in no store, so the first one has to last.
        let logins: Arc<Mutex<HashMap<u32, usize>>> = Arc::default();
        let (clock, book) = (ManualClock::new(), Arc::clone(&logins));
        let tenants = Tenants::new(MOST, move |number: &u32| {
            let (grant, book, number) = (ScriptedGrant::new(), Arc::clone(&book), *number);
            grant.always(move |ctx| {
                if ctx.previous.is_none() {
                    *book.lock().unwrap().entry(number).or_default() += 1;
                }
                Ok(token_set("access", HOUR, "refresh", &ctx.clock))
            });
            Ok(builder(&grant, &clock).build())
        });
        let refused = Arc::new(AtomicUsize::new(0));
        let users: Vec<_> = (0..8)
            .map(|user| {
                let (tenants, refused) = (tenants.clone(), Arc::clone(&refused));
                tokio::spawn(async move {
                    for step in 0..48 {
                        // The table holds a third of them, so in the end it is full of logins.
                        let Ok(source) = tenants.get(&((user * 6 + step * 5) % 48)) else {
                            refused.fetch_add(1, Ordering::Relaxed);
                            continue;
                        };
                        tokio::task::yield_now().await;
                        if step % 3 == 0 {
                            access(&source).await;
                        }
                        assert!(tenants.len() <= 16);
                    }
                })
            })
            .collect();
        for user in users {
            user.await.unwrap();
        }
        let logins = logins.lock().unwrap();
        assert!(!logins.is_empty());
        assert!(logins.values().all(|count| *count == 1), "round {round}");
        // Whoever comes last finds the table full of logins.
        assert!(refused.load(Ordering::Relaxed) > 0, "round {round}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_tenants_pass_through_a_table_that_keeps_to_its_size() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("regular", HOUR);
    let tenants = Tenants::new(NonZeroUsize::new(1_000).unwrap(), move |_: &u32| {
        Ok(builder(&grant, &clock).build())
    });
    assert_eq!(access(&tenants.get(&0).unwrap()).await, "regular");
    for number in 1..=100_000 {
        tenants.get(&number).unwrap();
        if number % 100 == 0 {
            // Made only once, or its script would have ended.
            let regular = tenants.get(&0).unwrap();
            assert_eq!(access(&regular).await, "regular");
        }
    }
    assert_eq!(tenants.len(), 1_000);
    assert_eq!(tenants.put_idle_aside(), 0);
    assert_eq!(tenants.put_idle_aside(), 1_000);
    assert!(tenants.is_empty());
}

#[test]
fn a_million_tenants_are_found_again_and_one_more_finds_no_room() {
    const MILLION: u32 = 1_000_000;
    let one = plain(&ManualClock::new());
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let most = NonZeroUsize::new(MILLION as usize).unwrap();
    // A handle for each, so that none can be put aside.
    let tenants = Tenants::new(most, move |_: &u32| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(one.clone())
    });
    for number in (0..MILLION).chain(0..MILLION) {
        assert!(tenants.get(&number).is_ok());
    }
    let error = tenants.get(&MILLION).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(tenants.len(), MILLION as usize);
    assert_eq!(made.load(Ordering::Relaxed), MILLION as usize + 1);
}
