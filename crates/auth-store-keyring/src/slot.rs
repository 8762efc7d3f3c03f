//! A locked key.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, StoreKey, store::conflict};
use auth_store::{KeyLock, LockFolder, Numbers, Slot, Value, crash};

use crate::{
    entries::Entries,
    failure::is_foreign,
    index,
    manifest::{Manifest, name_of},
    place::Place,
    record,
};

/// A key of a [`KeyringStore`](crate::KeyringStore) that is locked.
pub struct KeyringSlot {
    place: Place,
    index: LockFolder,
    // Shared with the call at hand, which may outlive whoever waits for it.
    lock: Arc<KeyLock>,
    numbers: Numbers,
    key: StoreKey,
    name: String,
    /// Whether nothing is left over of writers that ended too early.
    swept: bool,
    /// Whether the key is known to be in the list.
    listed: bool,
}

impl KeyringSlot {
    pub(crate) async fn new(
        place: Place,
        index: LockFolder,
        key: &StoreKey,
        mut lock: KeyLock,
    ) -> Result<Self, Error> {
        let name = name_of(key.as_str());
        let own = name.clone();
        let raised = place.run(Vec::new(), move |entries| {
            match record::look(entries, &own) {
                Ok(None) => {}
                Ok(Some(manifest)) => {
                    lock.raise(manifest.version)?;
                    if manifest.length.is_none() {
                        // Somebody began to remove the record. What stays now, the next holder finds again.
                        let _ = record::erase(entries, &own, &manifest);
                    }
                }
                // Nobody knows its version. Who reads it hears of it.
                Err(error) if is_foreign(&error) => {}
                Err(error) => return Err(error),
            }
            Ok(lock)
        });
        let mut lock = raised.await?;
        Ok(Self {
            place,
            index,
            numbers: lock.numbers().clone(),
            lock: Arc::new(lock),
            key: key.clone(),
            name,
            swept: false,
            listed: false,
        })
    }

    /// Does `work` while the lock is held, even if nobody waits for it any more.
    async fn run<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Entries, &str) -> Result<T, Error> + Send + 'static,
    {
        let name = self.name.clone();
        let locks = vec![Arc::clone(&self.lock)];
        self.place
            .run(locks, move |entries| work(entries, &name))
            .await
    }

    /// Changes the list of keys.
    async fn relist(&self, change: fn(&Entries, &str) -> Result<(), Error>) -> Result<(), Error> {
        let lock = self.index.lock(&StoreKey::new(["index"])).await?;
        let locks = vec![Arc::clone(&self.lock), Arc::new(lock)];
        let key = self.key.clone();
        self.place
            .run(locks, move |entries| change(entries, key.as_str()))
            .await
    }
}

#[async_trait]
impl Slot for KeyringSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        let key = self.key.clone();
        let found = self.run(move |entries, name| record::read(entries, name, key.as_str()));
        Ok(found
            .await?
            .map(|(version, body)| Value::new(version, body)))
    }

    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error> {
        let (key, listed, swept) = (self.key.clone(), self.listed, self.swept);
        let found = self.run(move |entries, name| {
            let old = current(entries, name, expected)?;
            Ok((old, listed || index::holds(entries, key.as_str())?))
        });
        let (old, listed) = found.await?;
        crash::point("keyring:compared");
        if !listed {
            self.relist(index::add).await?;
            crash::point("keyring:listed");
        }
        self.listed = true;
        self.swept = false;
        let (key, value) = (self.key.clone(), value.clone());
        let written = self.run(move |entries, name| {
            let contents = (key.as_str(), value.version, value.body.expose());
            record::write(entries, name, old.as_ref(), contents, swept)?;
            let tidied = old.map_or(Ok(()), |old| record::remove_parts(entries, name, &old));
            Ok(tidied.is_ok())
        });
        self.swept = written.await?;
        Ok(())
    }

    async fn erase(&mut self, expected: u64) -> Result<(), Error> {
        self.swept = false;
        let erased = self.run(
            move |entries, name| match current(entries, name, Some(expected))? {
                Some(old) => record::erase(entries, name, &old),
                None => Err(conflict()),
            },
        );
        erased.await?;
        self.listed = false;
        // A key too many in the list does no harm.
        let _ = self.relist(index::remove).await;
        Ok(())
    }

    async fn discard(&mut self) -> Result<bool, Error> {
        self.swept = false;
        let discarded = self.run(record::discard);
        let found = discarded.await?;
        self.listed = false;
        // As after erasing.
        let _ = self.relist(index::remove).await;
        Ok(found)
    }

    async fn renew(&mut self) -> Result<(), Error> {
        // It ends with the process and not before.
        Ok(())
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    async fn release(self) -> Result<(), Error> {
        Ok(())
    }
}

/// Returns the manifest of what is stored, which may be on its way out, if `expected` is its version.
fn current(
    entries: &Entries,
    name: &str,
    expected: Option<u64>,
) -> Result<Option<Manifest>, Error> {
    let found = record::look(entries, name)?;
    let present = found.as_ref().filter(|manifest| manifest.length.is_some());
    if present.map(|manifest| manifest.version) == expected {
        Ok(found)
    } else {
        Err(conflict())
    }
}

impl fmt::Debug for KeyringSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringSlot")
            .field("key", &self.key)
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}
