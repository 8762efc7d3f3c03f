//! A store that went back to an older state, as a replica does that is promoted without the last changes.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_core::{
    Error, Intent, Lease, MemoryStore, Record, StoreKey, TokenSet, TokenStore, store::save_login,
};
use auth_testkit::{ManualClock, ScriptedGrant, token_set};

use super::{HOUR, access, builder};

fn key() -> StoreKey {
    StoreKey::new(["story", "rolled back"])
}

#[tokio::test]
async fn a_store_that_forgot_the_last_login_gets_it_back() {
    let (clock, grant, store) = (ManualClock::new(), ScriptedGrant::new(), MemoryStore::new());
    for round in 1..=3 {
        grant.rotates_to(&format!("a-{round}"), HOUR, &format!("r-{round}"));
    }
    let old = token_set("a-0", HOUR, "r-0", &clock);
    let forgetful = Forgetful::default();
    save_login(&store, &key(), &old).await.unwrap();
    let before = store.load(&key()).await.unwrap();
    let source = builder(&grant, &clock)
        .store(Rolling(store.clone(), Arc::clone(&forgetful)), key())
        .build();
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "a-1");
    // A replica without the last change is promoted.
    *forgetful.lock().unwrap() = before;
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "a-2");
    assert!(grant.seen()[1].presents("r-1"), "the spent one is not sent");
    clock.advance(HOUR);
    assert_eq!(access(&source).await, "a-3");
}

/// What a store says that it holds, in place of what it holds, until something is saved.
type Forgetful = Arc<Mutex<Option<Record>>>;

struct Rolling(MemoryStore, Forgetful);

#[async_trait]
impl TokenStore for Rolling {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        self.0.load(key).await
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let lease = self.0.lease(key).await?;
        Ok(Box::new(RollingLease(lease, Arc::clone(&self.1))))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        self.0.list().await
    }
}

struct RollingLease(Box<dyn Lease>, Forgetful);

impl RollingLease {
    /// Returns the version that is really stored where `expected` is the one that is shown.
    async fn truth(&mut self, expected: Option<u64>) -> Option<u64> {
        let shown = self.1.lock().unwrap().as_ref().map(|record| record.version);
        match shown == expected && shown.is_some() {
            true => self.0.load().await.unwrap().map(|record| record.version),
            false => expected,
        }
    }
}

#[async_trait]
impl Lease for RollingLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        let shown = self.1.lock().unwrap().clone();
        match shown {
            Some(record) => Ok(Some(record)),
            None => self.0.load().await,
        }
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let expected = self.truth(expected).await;
        let version = self.0.save(expected, set).await?;
        *self.1.lock().unwrap() = None;
        Ok(version)
    }

    fn next_version(&self) -> u64 {
        self.0.next_version()
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        self.0.begin(expected, intent).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.0.settle(expected).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.0.remove(expected).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.0.renew().await
    }

    fn fence(&self) -> u64 {
        self.0.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        self.0.release().await
    }
}
