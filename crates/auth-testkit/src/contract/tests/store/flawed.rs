//! A store that does everything right, but for its flaw.

mod lease;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use auth_core::{Error, Lease, MemoryStore, Record, StoreKey, TokenStore};

use self::lease::{FlawedLease, shown};

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
    TakesAnything,
    AnnouncesAnother,
    LosesIntent,
    NoteMovesVersion,
    NotesAnything,
    SettleStays,
    DroppedRenewLeaks,
    DropUndoesNote,
    TiresAfterMany,
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
    saves: AtomicUsize,
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
            saves: AtomicUsize::new(0),
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
            noted: None,
            _one_lock: one_lock,
        }))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        let mut keys = self.0.inner.list().await?;
        keys.extend(self.0.removed.lock().unwrap().iter().cloned());
        Ok(keys)
    }
}
