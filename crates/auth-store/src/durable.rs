//! A token store on top of a backend.

mod lease;
mod open;
#[cfg(test)]
pub(crate) mod shelf;
mod task;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Clock, Error, Lease, Record, StoreKey, SystemClock, TokenStore};

use self::{
    lease::DurableLease,
    task::{guarded, runtime, spawned},
};
use crate::{Backend, codec};

/// Keeps logins in a [`Backend`], as JSON texts. Clones share the backend.
///
/// It is made by [`Backend::in_plain_text`] or [`Backend::sealed`], so that nobody stores clear text without having
/// said so.
///
/// # Guarantees
///
/// * Whatever is begun runs to its end, in a task that no caller can cancel, and the next operation of a lease waits
///   for it. A dropped lease gives its lock back the same way. Only who still waits for a lock is gone at once.
/// * What a later version of this library added to a record stays there, also when it is saved anew. A record of a newer
///   format is refused with the code [`NEWER_FORMAT`](crate::NEWER_FORMAT) by every operation and changed by none; a
///   text that is no record is refused with [`UNREADABLE`](crate::UNREADABLE) and stands in nobody else's way.
/// * A record of more than 256 KiB of text is refused with [`TOO_LARGE`](crate::TOO_LARGE) before anything is changed.
/// * A panic in the backend is an error of the call in which it happened, and ends the lease.
/// * A token that is read back lives as long as it would have lived in the process that asked for it.
///
/// All of it needs a Tokio runtime; outside one, every operation is an error. A lease works on the runtime on which it
/// was taken, and is given up with it.
pub struct Durable<B> {
    backend: Arc<B>,
    clock: Arc<dyn Clock>,
}

impl<B: Backend> Durable<B> {
    pub(crate) fn new(backend: B) -> Self {
        Self {
            backend: Arc::new(backend),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Says which clock tells how much of its life a token has left; the machine's unless told otherwise.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Removes whatever is stored under `key`, whether or not anybody can read it, and returns whether there was
    /// something.
    ///
    /// This is for an entry that was refused as [`UNREADABLE`](crate::UNREADABLE) or
    /// [`NEWER_FORMAT`](crate::NEWER_FORMAT) and is to make room for a new login.
    ///
    /// # Errors
    ///
    /// As [`TokenStore::lease`] and [`Lease::remove`].
    ///
    /// # Cancellation
    ///
    /// Afterwards the entry is there, whole, or gone.
    pub async fn discard(&self, key: &StoreKey) -> Result<bool, Error> {
        let lease = self.locked(key).await?;
        let found = lease.discard().await?;
        // What was to be done is done; a lease that cannot be given back now is given back by its drop.
        let _ = Box::new(lease).release().await;
        Ok(found)
    }

    async fn locked(&self, key: &StoreKey) -> Result<DurableLease<B::Slot>, Error> {
        let runtime = runtime()?;
        // Waited for in the caller's own time, so that who stops waiting is out of the line at once.
        let slot = guarded(self.backend.lock(key)).await??;
        Ok(DurableLease::new(slot, runtime, Arc::clone(&self.clock)))
    }
}

#[async_trait]
impl<B: Backend> TokenStore for Durable<B> {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        let (backend, key) = (Arc::clone(&self.backend), key.clone());
        let value = spawned(&runtime()?, async move { backend.read(&key).await }).await?;
        let now = self.clock.now();
        value.map(|value| codec::record(&value, now)).transpose()
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        Ok(Box::new(self.locked(key).await?))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        let backend = Arc::clone(&self.backend);
        spawned(&runtime()?, async move { backend.keys().await }).await
    }
}

impl<B> Clone for Durable<B> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
            clock: Arc::clone(&self.clock),
        }
    }
}

impl<B> fmt::Debug for Durable<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable").finish_non_exhaustive()
    }
}
