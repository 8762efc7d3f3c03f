//! Where blocking calls run: on threads that may block, a few at a time.

use std::sync::Arc;

use auth_core::{Error, ErrorKind};
use auth_store::KeyLock;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{entries::Entries, link::Link};

/// Most keyrings carry out one call after the other, so more threads would only wait.
const THREADS: usize = 4;

/// The entries of one service.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    link: Arc<Link>,
    service: Arc<str>,
    chunk: usize,
    threads: Arc<Semaphore>,
}

impl Place {
    pub(crate) fn new(service: &str, link: Link, chunk: usize) -> Self {
        Self {
            link: Arc::new(link),
            service: service.into(),
            chunk,
            threads: Arc::new(Semaphore::new(THREADS)),
        }
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    pub(crate) fn chunk(&mut self, bytes: usize) {
        self.chunk = bytes;
    }

    /// Does `work` with the entries, while `locks` are held for as long as it takes.
    ///
    /// A call to a keyring cannot be stopped. Whoever stops waiting leaves the locks to it.
    pub(crate) async fn run<T, W>(&self, locks: Vec<Arc<KeyLock>>, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Entries) -> Result<T, Error> + Send + 'static,
    {
        let threads = Arc::clone(&self.threads);
        let thread = threads.acquire_owned().await.map_err(|_| ended())?;
        let (link, service, chunk) = (
            Arc::clone(&self.link),
            Arc::clone(&self.service),
            self.chunk,
        );
        let done = spawn_blocking(move || {
            let entries = Entries::new(link.get()?, service, chunk);
            let outcome = work(&entries);
            if entries.failed() {
                link.forget();
            }
            drop((locks, thread));
            outcome
        });
        match done.await {
            Ok(outcome) => outcome,
            // A keyring that panicked may have poisoned its own locks.
            Err(_) => {
                self.link.forget();
                Err(ended())
            }
        }
    }
}

fn ended() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the keyring broke off, or the runtime is ending; try again",
    )
}
