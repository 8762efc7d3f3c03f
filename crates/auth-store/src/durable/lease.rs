//! The lease of a durable store.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, Intent, Lease, Record, TokenSet};
use tokio::{runtime::Handle, sync::Mutex};

use super::{
    open::Open,
    task::{guarded, spawned},
};
use crate::{Numbers, Slot};

type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

pub(super) struct DurableLease<S: Slot> {
    /// Held by the task that works on it, so that the next operation waits for one that was left alone.
    open: Arc<Mutex<Open<S>>>,
    runtime: Handle,
    clock: Arc<dyn Clock>,
    numbers: Numbers,
}

impl<S: Slot> DurableLease<S> {
    pub(super) fn new(mut slot: S, runtime: Handle, clock: Arc<dyn Clock>) -> Self {
        Self {
            numbers: slot.numbers().clone(),
            open: Arc::new(Mutex::new(Open::new(slot))),
            runtime,
            clock,
        }
    }

    pub(super) async fn discard(&self) -> Result<bool, Error> {
        self.run(|open| Box::pin(open.discard())).await
    }

    /// Runs `work` in a task that nobody cancels, after all work before it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut Open<S>) -> Work<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        let mut open = Arc::clone(&self.open).lock_owned().await;
        spawned(&self.runtime, async move {
            let outcome = guarded(work(&mut open)).await;
            outcome.unwrap_or_else(|panicked| {
                // A slot that panicked is not trusted with anything more; dropping it unlocks the key.
                drop(open.close());
                Err(panicked)
            })
        })
        .await
    }
}

#[async_trait]
impl<S: Slot> Lease for DurableLease<S> {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        let clock = Arc::clone(&self.clock);
        self.run(move |open| Box::pin(async move { open.load(clock.now()).await }))
            .await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        // Taken now and by us, so that it is the one that `next_version` gave, whatever else is still at work.
        let version = self.numbers.take().ok_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                "this lease has no more versions to give; release it and take another",
            )
        })?;
        let set = set.clone();
        self.run(move |open| Box::pin(async move { open.save(expected, &set, version).await }))
            .await?;
        Ok(version)
    }

    fn next_version(&self) -> u64 {
        self.numbers.peek().unwrap_or(u64::MAX)
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        let intent = intent.clone();
        self.run(move |open| Box::pin(async move { open.note(expected, Some(&intent)).await }))
            .await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.run(move |open| Box::pin(open.note(expected, None)))
            .await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.run(move |open| Box::pin(open.remove(expected))).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.run(|open| Box::pin(open.renew())).await
    }

    fn fence(&self) -> u64 {
        self.numbers.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        self.run(|open| {
            let slot = open.close();
            Box::pin(async move {
                match slot {
                    Some(slot) => slot.release().await,
                    None => Ok(()),
                }
            })
        })
        .await
    }
}

impl<S: Slot> Drop for DurableLease<S> {
    fn drop(&mut self) {
        if self.open.try_lock().is_ok_and(|open| open.is_closed()) {
            return;
        }
        let open = Arc::clone(&self.open);
        // Where the runtime is gone the task is dropped unrun, and the slot with it.
        self.runtime.spawn(async move {
            let slot = open.lock().await.close();
            if let Some(slot) = slot {
                // Nobody is left to hear of an error, and the place unlocks the key by itself.
                let _ = slot.release().await;
            }
        });
    }
}
