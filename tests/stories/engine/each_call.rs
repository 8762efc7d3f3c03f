//! A store that fails at its first call, its second, and so on, under a provider that revokes on the first reuse.

use std::sync::{Arc, Mutex};

use auth_core::{
    Clock, ErrorKind, MemoryStore, OnStoreFailure, Secret, StoreKey, TokenSet, TokenSource,
    TokenStore, store::save_login,
};
use auth_testkit::{FailingStore, ManualClock, ScriptedGrant, StoreFault, token_set};

use super::{HOUR, away, builder, lost_logins::save_in_background, policy, seconds};

const ROUNDS: usize = 3;

fn key() -> StoreKey {
    StoreKey::new(["story", "each call"])
}

/// A provider without leeway.
#[derive(Clone)]
struct Strict(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    issued: usize,
    reuses: usize,
}

impl Strict {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn grant(&self, clock: &ManualClock) -> ScriptedGrant {
        let (grant, ledger, clock) = (ScriptedGrant::new(), Arc::clone(&self.0), clock.clone());
        grant.always(move |ctx| {
            let mut ledger = ledger.lock().unwrap();
            let presented = ctx.refresh_token().map(Secret::expose);
            ledger.reuses += usize::from(presented != Some(&*format!("r-{}", ledger.issued)));
            ledger.issued += 1;
            let (access, refresh) = (
                format!("a-{}", ledger.issued),
                format!("r-{}", ledger.issued),
            );
            Ok(token_set(&access, HOUR, &refresh, &clock))
        });
        grant
    }

    fn issued(&self) -> usize {
        self.0.lock().unwrap().issued
    }

    fn reuses(&self) -> usize {
        self.0.lock().unwrap().reuses
    }
}

#[tokio::test]
async fn a_failure_at_any_call_spends_no_token_twice_and_loses_none() {
    for rule in [OnStoreFailure::FailClosed, OnStoreFailure::Serve] {
        for fault in [StoreFault::Before, StoreFault::After] {
            for stored in [true, false] {
                for number in 1.. {
                    let told = format!("{rule:?}, {:?} at {number}, {stored}", fault(away()));
                    if !fails_at(number, rule, fault(away()), stored, &told).await {
                        break;
                    }
                }
            }
        }
    }
}

/// Plays some rounds with that fault, from a login that is `stored` or only held. Returns whether the fault was met.
async fn fails_at(
    number: usize,
    rule: OnStoreFailure,
    fault: StoreFault,
    stored: bool,
    told: &str,
) -> bool {
    let (clock, strict, memory) = (ManualClock::new(), Strict::new(), MemoryStore::new());
    let login = TokenSet::login("r-0".into());
    if stored {
        save_login(&memory, &key(), &login).await.unwrap();
    }
    let store = FailingStore::new(memory.clone());
    store.at(number, fault);
    let mut policy = policy();
    policy.on_store_failure = rule;
    let builder = builder(&strict.grant(&clock), &clock).policy(policy);
    let builder = builder.store(store.clone(), key());
    let source = match stored {
        true => builder.build(),
        false => builder.previous(login).build(),
    };
    for _ in 0..ROUNDS {
        let mut tries = 0;
        let token = loop {
            match source.token().await {
                Ok(token) => break token,
                Err(error) => assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Unavailable | ErrorKind::OutcomeUnknown
                    ),
                    "{told}: {error}"
                ),
            }
            tries += 1;
            assert!(tries <= 3, "{told}: no state is absorbing");
            save_in_background(&source, &clock).await;
            clock.advance(seconds(5));
        };
        let life = token.lifetime().unwrap();
        assert!(!life.ends().has_come(clock.now()), "{told}");
        clock.advance(HOUR);
    }
    save_in_background(&source, &clock).await;
    assert_eq!(strict.reuses(), 0, "{told}");
    let stored = memory.load(&key()).await.unwrap().unwrap();
    let newest = format!("r-{}", strict.issued());
    assert_eq!(stored.set.refresh().unwrap().expose(), newest, "{told}");
    store.calls().len() >= number
}
