//! A backend in memory that notices what a real one would suffer from.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Secret, StoreKey, store::conflict};
use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, RwLock, RwLockWriteGuard, Semaphore},
    task::yield_now,
};

use crate::{Backend, Numbers, Slot, Value};

/// Keeps values in memory over a pool of connections, each of which is spoilt by a call that does not end.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<Inner>);

struct Inner {
    keys: Mutex<HashMap<StoreKey, Place>>,
    pool: Arc<Semaphore>,
    gate: RwLock<()>,
    spoilt: AtomicUsize,
    /// Slots that are open, and how many were released, not only dropped.
    open: AtomicUsize,
    released: AtomicUsize,
    calls: Mutex<Vec<&'static str>>,
    trouble: Mutex<Option<(&'static str, Trouble)>>,
}

#[derive(Clone, Default)]
struct Place {
    value: Option<Value>,
    number: u64,
    lock: Arc<tokio::sync::Mutex<()>>,
}

/// What the next call of a name does instead.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    Fails,
    /// It is done, and nobody is told.
    Unanswered,
    Panics,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self::with_pool(1_000)
    }

    pub(crate) fn with_pool(connections: usize) -> Self {
        Self(Arc::new(Inner {
            keys: Mutex::default(),
            pool: Arc::new(Semaphore::new(connections)),
            gate: RwLock::new(()),
            spoilt: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
            calls: Mutex::default(),
            trouble: Mutex::default(),
        }))
    }

    /// Returns the text under a key.
    pub(crate) fn text(&self, key: &StoreKey) -> Option<String> {
        let value = lock(&self.0.keys).get(key)?.value.clone();
        value.map(|value| value.body.expose().to_owned())
    }

    /// Puts a text under a key, as another program would.
    pub(crate) fn put(&self, key: &StoreKey, text: &str) {
        self.place(key, |place| {
            place.number += 1;
            let version = Numbers::block(place.number).fence() + 1;
            place.value = Some(Value::new(version, Secret::from(text)));
        });
    }

    /// Changes the version of what is under a key, as another program would.
    pub(crate) fn renumber(&self, key: &StoreKey, version: u64) {
        self.place(key, |place| {
            place.number = Numbers::after(version).number();
            if let Some(value) = &mut place.value {
                value.version = version;
            }
        });
    }

    /// Holds up every call until what is returned is dropped.
    pub(crate) async fn hold(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.gate.write().await
    }

    pub(crate) fn trouble(&self, call: &'static str, trouble: Trouble) {
        *lock(&self.0.trouble) = Some((call, trouble));
    }

    /// Returns the calls since the last look.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *lock(&self.0.calls))
    }

    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    pub(crate) fn released(&self) -> usize {
        self.0.released.load(Ordering::SeqCst)
    }

    /// Returns how many calls were left half-way.
    pub(crate) fn spoilt(&self) -> usize {
        self.0.spoilt.load(Ordering::SeqCst)
    }

    fn place<T>(&self, key: &StoreKey, change: impl FnOnce(&mut Place) -> T) -> T {
        change(lock(&self.0.keys).entry(key.clone()).or_default())
    }

    /// Is at work for a while, before and after `change`.
    async fn work<T>(
        &self,
        call: &'static str,
        change: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        lock(&self.0.calls).push(call);
        self.0.spoilt.fetch_add(1, Ordering::SeqCst);
        let _ = self.0.gate.read().await;
        yield_now().await;
        let trouble = lock(&self.0.trouble).take_if(|(name, _)| *name == call);
        let outcome = match trouble {
            Some((_, Trouble::Panics)) => panic!("the shelf fell down"),
            Some((_, Trouble::Fails)) => Err(Error::new(ErrorKind::Unavailable, "no shelf")),
            Some((_, Trouble::Unanswered)) => {
                change().and_then(|_| Err(Error::new(ErrorKind::Unavailable, "no answer")))
            }
            None => change(),
        };
        yield_now().await;
        self.0.spoilt.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    async fn connection(&self) -> Result<OwnedSemaphorePermit, Error> {
        let pool = Arc::clone(&self.0.pool);
        let closed = |_| Error::new(ErrorKind::Unavailable, "closed");
        pool.acquire_owned().await.map_err(closed)
    }
}

#[async_trait]
impl Backend for Shelf {
    type Slot = ShelfSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        let _connection = self.connection().await?;
        self.work("read", || Ok(self.place(key, |place| place.value.clone())))
            .await
    }

    async fn lock(&self, key: &StoreKey) -> Result<ShelfSlot, Error> {
        let right = self.place(key, |place| Arc::clone(&place.lock));
        let right = right.lock_owned().await;
        let connection = self.connection().await?;
        lock(&self.0.calls).push("lock");
        let trouble = lock(&self.0.trouble).take_if(|(name, _)| *name == "lock");
        assert!(trouble.is_none(), "the shelf fell down");
        yield_now().await;
        let number = self.place(key, |place| {
            place.number += 1;
            place.number
        });
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok(ShelfSlot {
            shelf: self.clone(),
            key: key.clone(),
            numbers: Numbers::block(number),
            _held: (right, connection),
        })
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        let _connection = self.connection().await?;
        self.work("keys", || {
            let places = lock(&self.0.keys);
            let kept = places.iter().filter(|(_, place)| place.value.is_some());
            Ok(kept.map(|(key, _)| key.clone()).collect())
        })
        .await
    }
}

pub(crate) struct ShelfSlot {
    shelf: Shelf,
    key: StoreKey,
    numbers: Numbers,
    _held: (OwnedMutexGuard<()>, OwnedSemaphorePermit),
}

impl ShelfSlot {
    async fn change(
        &self,
        call: &'static str,
        expected: Option<u64>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let change = |place: &mut Place| {
            if place.value.as_ref().map(|value| value.version) != expected {
                return Err(conflict());
            }
            place.value = value;
            Ok(())
        };
        let change = || self.shelf.place(&self.key, change);
        self.shelf.work(call, change).await
    }
}

#[async_trait]
impl Slot for ShelfSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        let read = || Ok(self.shelf.place(&self.key, |place| place.value.clone()));
        self.shelf.work("slot read", read).await
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        self.change("write", expected, Some(value.clone())).await
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        self.change("erase", Some(expected), None).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.shelf.work("renew", || Ok(())).await
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    async fn release(self) -> Result<(), Error> {
        self.shelf.work("release", || Ok(())).await?;
        self.shelf.0.released.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for ShelfSlot {
    fn drop(&mut self) {
        self.shelf.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
