//! A store that does everything right, but for its flaw.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use auth_core::{
    Error, ErrorKind, Intent, Lease, MemoryStore, Record, StoreKey, Token, TokenSet, TokenStore,
    store::{CONFLICT, conflict},
};
use tokio::sync::OwnedMutexGuard;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    None,
    ListsLeased,
    LosesRefresh,
    LosesExtras,
    SecondHandleIsBlind,
    FoldsCase,
    ListsRemoved,
    RefusesLarge,
    SavesFirstOver,
    NamelessConflict,
    SavesOverAnything,
    RemovesAnything,
    VersionsRestart,
    NoLock,
    ReadersWait,
    OneLockForAll,
    ReleaseLeaks,
    DropLeaks,
    WaiterLeaks,
    SavesInTwoSteps,
    ConstantFence,
    RenewFails,
    GivesWayToCrowds,
}

#[derive(Clone)]
pub(super) struct Flawed(Arc<Shared>);

struct Shared {
    flaw: Flaw,
    inner: MemoryStore,
    one_lock: Arc<tokio::sync::Mutex<()>>,
    leaked: Mutex<Vec<Box<dyn Lease>>>,
    removed: Mutex<Vec<StoreKey>>,
    /// Versions that count from one anew after a removal, by the true ones.
    counts: Mutex<HashMap<StoreKey, (u64, u64)>>,
    fences: AtomicU64,
    waiting: AtomicUsize,
}

impl Flawed {
    pub(super) fn new(flaw: Flaw) -> Self {
        Self(Arc::new(Shared {
            flaw,
            inner: MemoryStore::new(),
            one_lock: Arc::default(),
            leaked: Mutex::default(),
            removed: Mutex::default(),
            counts: Mutex::default(),
            fences: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        }))
    }

    fn key(&self, key: &StoreKey) -> StoreKey {
        match self.0.flaw {
            Flaw::FoldsCase => StoreKey::new([&*key.as_str().to_lowercase()]),
            _ => key.clone(),
        }
    }
}

#[async_trait]
impl TokenStore for Flawed {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        let key = self.key(key);
        if self.0.flaw == Flaw::ReadersWait {
            return self.0.inner.lease(&key).await?.load().await;
        }
        let record = self.0.inner.load(&key).await?;
        Ok(shown(&self.0, &key, record))
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let shared = &self.0;
        let key = self.key(key);
        let mut one_lock = None;
        if shared.flaw == Flaw::OneLockForAll {
            one_lock = Some(Arc::clone(&shared.one_lock).lock_owned().await);
        }
        let crowd = shared.waiting.fetch_add(1, Ordering::SeqCst) > 4;
        let inner = match shared.flaw {
            Flaw::NoLock => None,
            Flaw::GivesWayToCrowds if crowd => None,
            Flaw::WaiterLeaks => {
                let (answer, wait) = tokio::sync::oneshot::channel();
                let (shared, key) = (Arc::clone(shared), key.clone());
                tokio::spawn(async move {
                    if let Ok(lease) = shared.inner.lease(&key).await {
                        if let Err(lease) = answer.send(lease) {
                            shared.leaked.lock().unwrap().push(lease);
                        }
                    }
                });
                wait.await.ok()
            }
            _ => Some(shared.inner.lease(&key).await?),
        };
        shared.waiting.fetch_sub(1, Ordering::SeqCst);
        let fence = shared.fences.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Box::new(FlawedLease {
            shared: Arc::clone(shared),
            key,
            inner,
            fence,
            _one_lock: one_lock,
        }))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        let mut keys = self.0.inner.list().await?;
        keys.extend(self.0.removed.lock().unwrap().iter().cloned());
        Ok(keys)
    }
}

struct FlawedLease {
    shared: Arc<Shared>,
    key: StoreKey,
    inner: Option<Box<dyn Lease>>,
    fence: u64,
    _one_lock: Option<OwnedMutexGuard<()>>,
}

impl FlawedLease {
    async fn version(&mut self) -> Option<u64> {
        let record = self.shared.inner.load(&self.key).await.unwrap();
        record.map(|record| record.version)
    }

    /// Changes the record through the lease, or without any right to where the flaw is that there is none.
    async fn change(
        &mut self,
        expected: Option<u64>,
        set: Option<&TokenSet>,
    ) -> Result<u64, Error> {
        let mut short;
        let lease = match &mut self.inner {
            Some(lease) => lease,
            None => {
                short = self.shared.inner.lease(&self.key).await?;
                &mut short
            }
        };
        match set {
            Some(set) => lease.save(expected, set).await,
            None => lease.remove(expected.unwrap_or(0)).await.map(|()| 0),
        }
    }
}

/// Shows the version that counts from one anew, where that is the flaw.
fn shown(shared: &Shared, key: &StoreKey, record: Option<Record>) -> Option<Record> {
    let mut record = record?;
    if shared.flaw == Flaw::VersionsRestart {
        record.version = shared.counts.lock().unwrap().get(key)?.0;
    }
    Some(record)
}

#[async_trait]
impl Lease for FlawedLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        if self.shared.flaw == Flaw::ListsLeased {
            self.shared.removed.lock().unwrap().push(self.key.clone());
        }
        let record = self.shared.inner.load(&self.key).await?;
        Ok(shown(&self.shared, &self.key, record))
    }

    async fn save(&mut self, mut expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let mut set = set.clone();
        let stored = self.version().await;
        let token = set.token().cloned();
        match self.shared.flaw {
            Flaw::LosesRefresh => set = set.with_refresh(None),
            Flaw::LosesExtras
                if token
                    .as_ref()
                    .is_some_and(|token| token.extras().count() > 0) =>
            {
                let bare = Token::bearer(token.unwrap().access().clone())?;
                set = TokenSet::new(bare).with_refresh(set.refresh().cloned());
            }
            Flaw::RefusesLarge => {
                let length = token.map_or(0, |token| token.access().expose().len());
                if length > 64 * 1024 {
                    return Err(Error::new(ErrorKind::Unavailable, "too large"));
                }
            }
            Flaw::SavesFirstOver if expected.is_none() => expected = stored,
            Flaw::SavesOverAnything if stored.is_some() && expected.is_some() => expected = stored,
            Flaw::SavesInTwoSteps => {
                if let Some(version) = expected {
                    self.change(Some(version), None).await?;
                    tokio::task::yield_now().await;
                    expected = None;
                }
            }
            Flaw::VersionsRestart => {
                let count = self.shared.counts.lock().unwrap().get(&self.key).copied();
                let matches = count.map(|(shown, _)| shown) == expected;
                let truth = count.map(|(_, truth)| truth);
                expected = if matches { truth } else { Some(u64::MAX) };
            }
            _ => {}
        }
        let saved = self.change(expected, Some(&set)).await;
        match (self.shared.flaw, saved) {
            (Flaw::NamelessConflict, Err(error)) if error.code() == Some(CONFLICT) => {
                Err(Error::new(ErrorKind::Unavailable, "something else"))
            }
            (Flaw::VersionsRestart, Ok(truth)) => {
                let mut counts = self.shared.counts.lock().unwrap();
                let count = counts.entry(self.key.clone()).or_default();
                *count = (count.0 + 1, truth);
                Ok(count.0)
            }
            (_, saved) => saved,
        }
    }

    fn next_version(&self) -> u64 {
        self.inner.as_ref().map_or(0, |lease| lease.next_version())
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        match &mut self.inner {
            Some(lease) => lease.begin(expected, intent).await,
            None => Err(conflict()),
        }
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        match &mut self.inner {
            Some(lease) => lease.settle(expected).await,
            None => Err(conflict()),
        }
    }

    async fn remove(&mut self, mut expected: u64) -> Result<(), Error> {
        let stored = self.version().await;
        match self.shared.flaw {
            Flaw::RemovesAnything => expected = stored.unwrap_or(expected),
            Flaw::VersionsRestart => {
                let count = self.shared.counts.lock().unwrap().get(&self.key).copied();
                let truth = count.filter(|(shown, _)| *shown == expected);
                expected = truth.map_or(u64::MAX, |(_, truth)| truth);
            }
            _ => {}
        }
        self.change(Some(expected), None).await?;
        if self.shared.flaw == Flaw::ListsRemoved {
            self.shared.removed.lock().unwrap().push(self.key.clone());
        }
        self.shared.counts.lock().unwrap().remove(&self.key);
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), Error> {
        match self.shared.flaw {
            Flaw::RenewFails => Err(Error::new(ErrorKind::Unavailable, "no")),
            _ => Ok(()),
        }
    }

    fn fence(&self) -> u64 {
        match self.shared.flaw {
            Flaw::ConstantFence => 1,
            _ => self.fence,
        }
    }

    async fn release(mut self: Box<Self>) -> Result<(), Error> {
        let inner = self.inner.take();
        // Two leases on one key are all the suite needs before it notices; earlier clauses take only one.
        let waited_for = self.key.as_str().ends_with("release");
        if let (Flaw::ReleaseLeaks, true) = (self.shared.flaw, waited_for) {
            self.shared.leaked.lock().unwrap().extend(inner);
        }
        Ok(())
    }
}

impl Drop for FlawedLease {
    fn drop(&mut self) {
        if let (Flaw::DropLeaks, Some(lease)) = (self.shared.flaw, self.inner.take()) {
            self.shared.leaked.lock().unwrap().push(lease);
        }
    }
}
