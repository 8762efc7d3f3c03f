//! The entries of one service in a keyring, by name. All calls block.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use auth_core::Error;
use keyring_core::{CredentialStore, Entry, Error as Foreign};
use zeroize::Zeroizing;

use crate::failure::failure;

pub(crate) struct Entries {
    store: Arc<CredentialStore>,
    service: Arc<str>,
    chunk: usize,
    failed: AtomicBool,
}

impl Entries {
    pub(crate) fn new(store: Arc<CredentialStore>, service: Arc<str>, chunk: usize) -> Self {
        Self {
            store,
            service,
            chunk,
            failed: AtomicBool::new(false),
        }
    }

    /// Returns how many bytes an entry may have.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Returns whether a call failed in a way that a new connection may mend.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let found = self.entry(name)?.get_secret();
        self.present(found.map(Zeroizing::new))
    }

    pub(crate) fn set(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let set = self.entry(name)?.set_secret(bytes);
        set.map_err(|error| self.fail(&error))
    }

    /// Removes an entry, and is content where there is none.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let removed = self.entry(name)?.delete_credential();
        self.present(removed).map(drop)
    }

    fn entry(&self, name: &str) -> Result<Entry, Error> {
        let entry = self.store.build(&self.service, name, None);
        entry.map_err(|error| self.fail(&error))
    }

    fn present<T>(&self, found: Result<T, Foreign>) -> Result<Option<T>, Error> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Foreign::NoEntry) => Ok(None),
            Err(error) => Err(self.fail(&error)),
        }
    }

    fn fail(&self, error: &Foreign) -> Error {
        if matches!(error, Foreign::PlatformFailure(_)) {
            self.failed.store(true, Ordering::Relaxed);
        }
        failure(error)
    }
}
