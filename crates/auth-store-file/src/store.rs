//! The folder of all logins.

use std::path::Path;

use async_trait::async_trait;
use auth_core::{Error, StoreKey};
use auth_store::{Backend, LockFolder, PrivateFolder, Value};

use crate::{entry::Fault, place, slot::FileSlot};

/// Keeps logins in a folder, one file for each. Clones share the folder.
///
/// [`sealed`](Backend::sealed) or [`in_plain_text`](Backend::in_plain_text) makes a token store of it.
#[derive(Clone, Debug)]
pub struct FileStore {
    locks: LockFolder,
}

impl FileStore {
    /// Opens the folder, and makes it where there is none. It blocks for a moment.
    ///
    /// Open a folder once in a process: [`PrivateFolder::open`] says what is refused, and [`LockFolder`] how processes
    /// keep out of each other's way. What a process left half-written when it died is removed.
    ///
    /// # Errors
    ///
    /// As [`PrivateFolder::open`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = PrivateFolder::open(folder)?;
        place::sweep(&folder);
        Ok(Self {
            locks: LockFolder::within(folder),
        })
    }
}

#[async_trait]
impl Backend for FileStore {
    type Slot = FileSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        let key = key.clone();
        let read = move |folder: &PrivateFolder| {
            place::read(folder, &key).map_err(|fault| place::error(folder, &fault))
        };
        self.locks.folder().run(read).await
    }

    async fn lock(&self, key: &StoreKey) -> Result<FileSlot, Error> {
        let mut lock = self.locks.lock(key).await?;
        let named = key.clone();
        let work = move |folder: &PrivateFolder| {
            // Whoever was writing it is dead, for the lock is ours.
            folder.remove(&place::temporary(&named))?;
            match place::read(folder, &named) {
                Ok(Some(value)) => {
                    lock.raise(value.version)?;
                    // Whoever wrote it may have died, or failed, before its name was on the disk.
                    folder.sync()?;
                }
                // Nobody knows its version. Who reads it hears of it.
                Ok(None) | Err(Fault::Damaged | Fault::Newer) => {}
                Err(fault) => return Err(place::error(folder, &fault)),
            }
            Ok(lock)
        };
        let folder = self.locks.folder().clone();
        let lock = folder.run(work).await?;
        Ok(FileSlot::new(folder, key.clone(), lock))
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        self.locks.folder().run(place::keys).await
    }
}
