use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth_core::{Error, Intent, Lease, Record, StoreKey, TokenSet, TokenStore};

use super::{Gate, script::lock};

/// A call on a store or on one of its leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreCall {
    /// [`TokenStore::load`].
    Load,
    /// [`TokenStore::lease`].
    Lease,
    /// [`TokenStore::list`].
    List,
    /// [`Lease::load`].
    LeaseLoad,
    /// [`Lease::save`].
    Save,
    /// [`Lease::begin`].
    Begin,
    /// [`Lease::settle`].
    Settle,
    /// [`Lease::remove`].
    Remove,
    /// [`Lease::renew`].
    Renew,
    /// [`Lease::release`].
    Release,
}

/// What goes wrong in one call on a [`FailingStore`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreFault {
    /// Nothing is done, and the call fails.
    Before(Error),
    /// It is done, and the call fails all the same, as when the answer is lost.
    After(Error),
    /// Nothing is done until the gate opens.
    HangBefore(Gate),
    /// It is done, and the call returns when the gate opens.
    HangAfter(Gate),
}

/// Any store, with faults at chosen calls; clones share the store and its faults.
///
/// # Example
///
/// ```
/// use auth_core::{Error, ErrorKind, MemoryStore, StoreKey, TokenStore};
/// use auth_testkit::{FailingStore, StoreFault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = FailingStore::new(MemoryStore::new());
/// let error = Error::new(ErrorKind::Unavailable, "the store is away");
/// store.at(2, StoreFault::Before(error));
///
/// let key = StoreKey::new(["made-up"]);
/// assert!(store.load(&key).await.is_ok());
/// assert!(store.load(&key).await.is_err());
/// assert!(store.load(&key).await.is_ok());
/// # }
/// ```
#[derive(Clone)]
pub struct FailingStore {
    inner: Arc<dyn TokenStore>,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Default)]
struct Faults {
    calls: Vec<StoreCall>,
    at: HashMap<usize, StoreFault>,
    on: HashMap<StoreCall, StoreFault>,
    every: HashMap<StoreCall, StoreFault>,
    down: Option<Error>,
}

impl FailingStore {
    /// Returns `inner` without any fault yet.
    pub fn new(inner: impl TokenStore + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            faults: Arc::default(),
        }
    }

    /// Lets the call of this number go wrong, counted from 1 over all calls on the store and its leases.
    pub fn at(&self, number: usize, fault: StoreFault) {
        lock(&self.faults).at.insert(number, fault);
    }

    /// Lets the next call of this kind go wrong.
    pub fn on(&self, call: StoreCall, fault: StoreFault) {
        lock(&self.faults).on.insert(call, fault);
    }

    /// Lets every call of this kind go wrong until [`mend`](Self::mend).
    pub fn every(&self, call: StoreCall, fault: StoreFault) {
        lock(&self.faults).every.insert(call, fault);
    }

    /// Lets every call fail, doing nothing, until [`mend`](Self::mend).
    pub fn down(&self, error: Error) {
        lock(&self.faults).down = Some(error);
    }

    /// Takes all faults away.
    pub fn mend(&self) {
        let mut faults = lock(&self.faults);
        faults.at.clear();
        faults.on.clear();
        faults.every.clear();
        faults.down = None;
    }

    /// Returns every call so far, in order.
    pub fn calls(&self) -> Vec<StoreCall> {
        lock(&self.faults).calls.clone()
    }

    /// Returns how many calls of this kind there were.
    pub fn count(&self, call: StoreCall) -> usize {
        let faults = lock(&self.faults);
        faults.calls.iter().filter(|other| **other == call).count()
    }
}

#[async_trait]
impl TokenStore for FailingStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        let fault = enter(&self.faults, StoreCall::Load).await?;
        leave(fault, self.inner.load(key).await).await
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let fault = enter(&self.faults, StoreCall::Lease).await?;
        let lease: Box<dyn Lease> = Box::new(FailingLease {
            inner: self.inner.lease(key).await?,
            faults: Arc::clone(&self.faults),
        });
        leave(fault, Ok(lease)).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        let fault = enter(&self.faults, StoreCall::List).await?;
        leave(fault, self.inner.list().await).await
    }
}

impl fmt::Debug for FailingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailingStore")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

struct FailingLease {
    inner: Box<dyn Lease>,
    faults: Arc<Mutex<Faults>>,
}

#[async_trait]
impl Lease for FailingLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        let fault = enter(&self.faults, StoreCall::LeaseLoad).await?;
        leave(fault, self.inner.load().await).await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let fault = enter(&self.faults, StoreCall::Save).await?;
        leave(fault, self.inner.save(expected, set).await).await
    }

    fn next_version(&self) -> u64 {
        self.inner.next_version()
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        let fault = enter(&self.faults, StoreCall::Begin).await?;
        leave(fault, self.inner.begin(expected, intent).await).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        let fault = enter(&self.faults, StoreCall::Settle).await?;
        leave(fault, self.inner.settle(expected).await).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        let fault = enter(&self.faults, StoreCall::Remove).await?;
        leave(fault, self.inner.remove(expected).await).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        let fault = enter(&self.faults, StoreCall::Renew).await?;
        leave(fault, self.inner.renew().await).await
    }

    fn fence(&self) -> u64 {
        self.inner.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        let fault = enter(&self.faults, StoreCall::Release).await?;
        leave(fault, self.inner.release().await).await
    }
}

/// Counts a call, does what goes wrong before it, and returns what goes wrong after it.
async fn enter(faults: &Mutex<Faults>, call: StoreCall) -> Result<Option<StoreFault>, Error> {
    let fault = {
        let mut faults = lock(faults);
        faults.calls.push(call);
        let number = faults.calls.len();
        let down = faults.down.clone().map(StoreFault::Before);
        down.or_else(|| faults.at.remove(&number))
            .or_else(|| faults.on.remove(&call))
            .or_else(|| faults.every.get(&call).cloned())
    };
    match fault {
        Some(StoreFault::Before(error)) => Err(error),
        Some(StoreFault::HangBefore(gate)) => {
            gate.pass().await;
            Ok(None)
        }
        after => Ok(after),
    }
}

async fn leave<T>(fault: Option<StoreFault>, outcome: Result<T, Error>) -> Result<T, Error> {
    match fault {
        Some(StoreFault::After(error)) => outcome.and(Err(error)),
        Some(StoreFault::HangAfter(gate)) => {
            gate.pass().await;
            outcome
        }
        _ => outcome,
    }
}
