//! A store that lasts as long as the process.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;

use crate::{
    Error, Intent, Lease, Record, StoreKey, TokenSet, TokenStore,
    store::conflict,
    sync::{
        AsyncMutex, Mutex, MutexGuard, OwnedMutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

#[cfg(test)]
mod tests;

/// Keeps logins in memory: for tests, for clients that can always log in anew, and for several sources of one process.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    slots: Mutex<HashMap<StoreKey, Entry>>,
    /// Counts versions and fences.
    numbers: AtomicU64,
}

impl Shared {
    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[derive(Default)]
struct Entry {
    slot: Arc<Slot>,
    /// How many hold the lease or wait for it.
    places: usize,
}

#[derive(Default)]
struct Slot {
    record: Mutex<Option<Record>>,
    /// The right to change the record.
    right: Arc<AsyncMutex<()>>,
}

impl MemoryStore {
    /// Returns an empty store; clones share what is kept.
    pub fn new() -> Self {
        Self::default()
    }

    fn place(&self, key: &StoreKey) -> Place {
        let mut slots = lock(&self.0.slots);
        let entry = slots.entry(key.clone()).or_default();
        entry.places += 1;
        Place {
            store: Arc::clone(&self.0),
            key: key.clone(),
            slot: Arc::clone(&entry.slot),
        }
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        let slots = lock(&self.0.slots);
        let slot = slots.get(key).map(|entry| Arc::clone(&entry.slot));
        drop(slots);
        Ok(slot.and_then(|slot| lock(&slot.record).clone()))
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        // Taken before the wait, so that who stops waiting leaves nothing behind.
        let place = self.place(key);
        let right = Arc::clone(&place.slot.right).lock_owned().await;
        Ok(Box::new(MemoryLease {
            fence: self.0.next_number(),
            next: self.0.next_number(),
            _right: right,
            place,
        }))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        let slots = lock(&self.0.slots);
        let kept = slots
            .iter()
            .filter(|(_, entry)| lock(&entry.slot.record).is_some());
        Ok(kept.map(|(key, _)| key.clone()).collect())
    }
}

/// A place in the line for a key, up to the end of the lease.
struct Place {
    store: Arc<Shared>,
    key: StoreKey,
    slot: Arc<Slot>,
}

impl Drop for Place {
    /// Forgets a key under which nothing is stored and for which nobody waits.
    fn drop(&mut self) {
        let mut slots = lock(&self.store.slots);
        if let Some(entry) = slots.get_mut(&self.key) {
            entry.places -= 1;
            if entry.places == 0 && lock(&self.slot.record).is_none() {
                slots.remove(&self.key);
            }
        }
    }
}

struct MemoryLease {
    fence: u64,
    next: u64,
    // Before the place: the next in line finds it free.
    _right: OwnedMutexGuard<()>,
    place: Place,
}

impl MemoryLease {
    fn change(
        &self,
        expected: Option<u64>,
        change: impl FnOnce(&mut Option<Record>),
    ) -> Result<(), Error> {
        let mut stored = lock(&self.place.slot.record);
        if stored.as_ref().map(|record| record.version) != expected {
            return Err(conflict());
        }
        change(&mut stored);
        Ok(())
    }

    fn note(&self, expected: u64, intent: Option<Intent>) -> Result<(), Error> {
        self.change(Some(expected), |stored| {
            *stored = stored.take().map(|record| record.with_intent(intent));
        })
    }
}

#[async_trait]
impl Lease for MemoryLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        Ok(lock(&self.place.slot.record).clone())
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let record = Record::new(set.clone(), self.next);
        self.change(expected, |stored| *stored = Some(record))?;
        Ok(std::mem::replace(
            &mut self.next,
            self.place.store.next_number(),
        ))
    }

    fn next_version(&self) -> u64 {
        self.next
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        self.note(expected, Some(intent.clone()))
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.note(expected, None)
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.change(Some(expected), |stored| *stored = None)
    }

    async fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn fence(&self) -> u64 {
        self.fence
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

/// Nothing that is done under these locks can panic half-way, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
