//! A store that fails at times.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    Error, ErrorKind, Intent, Lease, MemoryStore, Record, StoreKey, TokenSet, TokenStore,
    sync::oneshot,
};

use super::world::{LONG, Still, later, own};

/// The one key of all models.
pub(super) fn key() -> StoreKey {
    StoreKey::new(["provider", "login"])
}

/// Returns the number of the token that is stored.
#[cfg(auth_model = "loom")]
pub(super) fn stored(store: &MemoryStore) -> Option<u64> {
    let record =
        crate::sync::checker::block_on(store.load(&key())).expect("a store in memory answers");
    record.and_then(|record| record.set.token().map(super::world::number))
}

/// A store in memory whose next saves fail.
#[derive(Clone)]
pub(super) struct Flaky {
    store: MemoryStore,
    faults: Arc<Faults>,
}

struct Faults {
    fails: AtomicUsize,
    hang: Mutex<Option<Hang>>,
}

/// What a save that hangs tells, and the clock that goes on meanwhile.
type Hang = (oneshot::Sender<()>, Still);

impl Flaky {
    pub(super) fn failing(store: &MemoryStore, saves: usize) -> Self {
        Self {
            store: store.clone(),
            faults: Arc::new(Faults {
                fails: AtomicUsize::new(saves),
                hang: Mutex::new(None),
            }),
        }
    }

    #[cfg(auth_model = "loom")]
    pub(super) fn fail(&self, saves: usize) {
        self.faults.fails.store(saves, Ordering::SeqCst);
    }

    /// Lets one more save hang, after those that fail, until its time is over by this clock; tells when it begins.
    #[cfg(auth_model = "loom")]
    pub(super) fn hang(&self, clock: &Still) -> oneshot::Receiver<()> {
        let (begun, begins) = oneshot::channel();
        *own(&self.faults.hang) = Some((begun, clock.clone()));
        begins
    }
}

#[async_trait]
impl TokenStore for Flaky {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        self.store.load(key).await
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let lease = self.store.lease(key).await?;
        let faults = Arc::clone(&self.faults);
        Ok(Box::new(FlakyLease { lease, faults }))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        self.store.list().await
    }
}

struct FlakyLease {
    lease: Box<dyn Lease>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Lease for FlakyLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        self.lease.load().await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let left = |fails: usize| fails.checked_sub(1);
        let fails = &self.faults.fails;
        let failed = fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        if failed.is_ok() {
            return Err(Error::new(ErrorKind::Unavailable, "the store is away"));
        }
        let hang = own(&self.faults.hang).take();
        if let Some((begun, clock)) = hang {
            // Whoever does not listen need not know.
            let _ = begun.send(());
            later().await;
            clock.leap(LONG);
            pending::<()>().await;
        }
        self.lease.save(expected, set).await
    }

    fn next_version(&self) -> u64 {
        self.lease.next_version()
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        self.lease.begin(expected, intent).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.lease.settle(expected).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.lease.remove(expected).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.lease.renew().await
    }

    fn fence(&self) -> u64 {
        self.lease.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        self.lease.release().await
    }
}
