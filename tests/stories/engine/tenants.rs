//! One source for each tenant.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_core::{Cached, MemoryStore, Secret, StoreKey, Tenants, TokenSet, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant, token};

use super::{HOUR, access, away, builder};

const MOST: NonZeroUsize = NonZeroUsize::new(160).unwrap();

/// Tenants whose access token is their own name, and how many were made.
fn tenants(clock: &ManualClock) -> (Tenants<String>, Arc<AtomicUsize>) {
    let (clock, made) = (clock.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let tenants = Tenants::new(MOST, move |key: &String| {
        count.fetch_add(1, Ordering::Relaxed);
        let (grant, name) = (ScriptedGrant::new(), Secret::from(key.as_str()));
        grant.always(move |ctx| Ok(TokenSet::new(token(name.expose(), HOUR, &ctx.clock))));
        Ok(builder(&grant, &clock).build())
    });
    (tenants, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_thousand_users_gets_their_own_token() {
    let clock = ManualClock::new();
    let (tenants, _) = tenants(&clock);
    let users: Vec<_> = (0..1_000)
        .map(|user| {
            let tenants = tenants.clone();
            tokio::spawn(async move {
                let name = format!("user-{user}");
                for _ in 0..3 {
                    assert_eq!(access(&tenants.get(&name).unwrap()).await, name);
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    assert!(
        tenants.len() <= 160,
        "the table is bounded: {}",
        tenants.len()
    );
}

#[tokio::test]
async fn a_tenant_is_made_once_and_its_handles_share_one_token() {
    let clock = ManualClock::new();
    let (tenants, made) = tenants(&clock);
    let key = "alice".to_owned();
    let first = tenants.get(&key).unwrap().token().await.unwrap();
    let again = tenants.get(&key).unwrap().token().await.unwrap();
    assert_eq!(first.generation(), again.generation());
    assert_eq!((made.load(Ordering::Relaxed), tenants.len()), (1, 1));
    assert!(!tenants.is_empty());
    assert!(tenants.remove(&key).is_some());
    assert!(tenants.is_empty());
}

#[tokio::test]
async fn making_room_takes_the_longest_idle_and_never_an_unsaved_login() {
    let clock = ManualClock::new();
    let kept = |key: &String| key.starts_with("login");
    let (store, of) = (MemoryStore::new(), clock.clone());
    let tenants = Tenants::new(NonZeroUsize::new(16).unwrap(), move |key: &String| {
        let grant = ScriptedGrant::new();
        grant.rotates_to("access", HOUR, "refresh");
        let builder = builder(&grant, &of);
        let saved = key.starts_with("saved");
        Ok(if saved {
            builder
                .store(store.clone(), StoreKey::new([key.as_str()]))
                .build()
        } else {
            builder.build()
        })
    });
    let (mut refused, mut held) = (0, Vec::new());
    for number in 0..200 {
        let key = if number % 2 == 0 {
            format!("login-{number}")
        } else {
            format!("saved-{number}")
        };
        match tenants.get(&key) {
            Ok(source) => {
                access(&source).await;
                held.push(key);
            }
            Err(error) => {
                assert!(error.to_string().contains("full"));
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0,
        "in the end every place is taken by a login that exists nowhere else"
    );
    for key in held.iter().filter(|key| kept(key)) {
        let status = tenants.get(key).unwrap().status();
        assert!(
            status.expires.is_some(),
            "{key} was put aside with its login"
        );
    }
}

#[tokio::test]
async fn a_slow_tenant_delays_no_other() {
    let (clock, gate) = (ManualClock::new(), Gate::new());
    let (of, slow) = (clock.clone(), gate.clone());
    let tenants = Tenants::new(MOST, move |key: &String| {
        let grant = ScriptedGrant::new();
        match key.as_str() {
            "slow" => grant.waits(&slow).issues("slow", HOUR),
            "failing" => grant.always(|_| Err(away())),
            _ => grant.issues("quick", HOUR),
        };
        Ok(builder(&grant, &of).build())
    });
    let get = |key: &str| -> Cached { tenants.get(&key.to_owned()).unwrap() };
    let slow = tokio::spawn({
        let source = get("slow");
        async move { access(&source).await }
    });
    gate.until_waiting(1).await;
    assert_eq!(access(&get("quick")).await, "quick");
    assert!(get("failing").token().await.is_err());
    gate.open();
    assert_eq!(slow.await.unwrap(), "slow");
}

#[tokio::test]
async fn a_table_holds_as_many_as_it_was_told_wherever_they_land() {
    let (clock, most) = (ManualClock::new(), NonZeroUsize::new(96).unwrap());
    let tenants = Tenants::new(most, move |_: &u32| {
        let grant = ScriptedGrant::new();
        grant.rotates_to("access", HOUR, "refresh");
        Ok(builder(&grant, &clock).build())
    });
    for key in 0..96 {
        // A login that is saved nowhere cannot be put aside.
        access(&tenants.get(&key).unwrap()).await;
    }
    assert!(tenants.get(&96).is_err());
    assert!(tenants.remove(&0).is_some());
    assert!(tenants.get(&96).is_ok());
    assert_eq!(tenants.len(), 96);
}

#[tokio::test]
async fn whoever_was_not_asked_for_between_two_sweeps_is_put_aside() {
    let clock = ManualClock::new();
    let (tenants, made) = tenants(&clock);
    let get = |name: &str| tenants.get(&name.to_owned()).unwrap();
    for name in ["busy", "idle"] {
        access(&get(name)).await;
    }
    assert_eq!(tenants.put_idle_aside(), 0);
    access(&get("busy")).await;
    assert_eq!(tenants.put_idle_aside(), 1);
    assert_eq!((tenants.len(), made.load(Ordering::Relaxed)), (1, 2));
    access(&get("idle")).await;
    assert_eq!(made.load(Ordering::Relaxed), 3);
}
