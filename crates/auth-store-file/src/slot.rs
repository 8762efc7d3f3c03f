//! A login that is locked.

use async_trait::async_trait;
use auth_core::{Error, StoreKey, store::conflict};
use auth_store::{KeyLock, Numbers, PrivateFolder, Slot, Value};

use crate::place;

/// A login of a [`FileStore`](crate::FileStore) that is locked. Dropping it unlocks the login.
///
/// An operation that is dropped runs to its end and unlocks the login then; the slot is good for nothing more.
#[derive(Debug)]
pub struct FileSlot {
    folder: PrivateFolder,
    key: StoreKey,
    numbers: Numbers,
    lock: Option<KeyLock>,
    /// Whether a change failed, perhaps because the folder could not be synced: what is there may go with the power.
    unsynced: bool,
}

impl FileSlot {
    pub(crate) fn new(folder: PrivateFolder, key: StoreKey, mut lock: KeyLock) -> Self {
        Self {
            folder,
            key,
            numbers: lock.numbers().clone(),
            lock: Some(lock),
            unsynced: false,
        }
    }

    /// Runs `work` on a thread that may block. The lock goes with it, so that a slot that is dropped meanwhile does not
    /// unlock what is still being written.
    ///
    /// After a change that failed, nothing is told of what is stored before it is on the disk.
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&PrivateFolder, &StoreKey) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let lock = self.lock.take().ok_or_else(conflict)?;
        let (key, unsynced) = (self.key.clone(), self.unsynced);
        let locked = move |folder: &PrivateFolder| {
            let synced = if unsynced { folder.sync() } else { Ok(()) };
            let unsynced = synced.is_err();
            let done = synced.and_then(|()| work(folder, &key));
            Ok((done, lock, unsynced))
        };
        let (done, lock, unsynced) = self.folder.run(locked).await?;
        (self.lock, self.unsynced) = (Some(lock), unsynced);
        done
    }

    /// Runs `work` that changes what is stored.
    async fn change<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&PrivateFolder, &StoreKey) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.run(work).await;
        self.unsynced |= done.is_err();
        done
    }

    /// Returns a number for the name of a damaged file, another one for each lock.
    fn number(&self) -> u64 {
        self.numbers.peek().unwrap_or_else(|| self.numbers.fence())
    }
}

#[async_trait]
impl Slot for FileSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        let number = self.number();
        self.run(move |folder, key| place::read_locked(folder, key, number))
            .await
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        let (number, value) = (self.number(), value.clone());
        self.change(move |folder, key| place::write(folder, key, number, expected, &value))
            .await
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        let number = self.number();
        self.change(move |folder, key| place::erase(folder, key, number, expected))
            .await
    }

    async fn discard(&mut self) -> Result<bool, Error> {
        self.change(place::discard).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        // A lock of the operating system does not end before its process.
        self.lock.as_ref().map(|_| ()).ok_or_else(conflict)
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    async fn release(mut self) -> Result<(), Error> {
        match self.lock.take() {
            Some(lock) => lock.release().await,
            None => return Err(conflict()),
        }
        Ok(())
    }
}
