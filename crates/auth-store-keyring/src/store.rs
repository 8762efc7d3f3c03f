//! The store: a service name in a keyring, and a folder of locks.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, StoreKey};
use auth_store::{Backend, LockFolder, Value};
use keyring_core::CredentialStore;

use crate::{
    index,
    link::Link,
    manifest::{HEADER, name_of},
    place::Place,
    record,
    slot::KeyringSlot,
};

/// Fits into the 2,560 bytes of the Windows Credential Manager, whichever way a keyring encodes them.
pub(crate) const CHUNK: usize = 1024;

/// Keeps logins in a keyring. Cheap to clone.
///
/// All programs that share a service must name the same folder of locks: it is what keeps two of them from using one
/// refresh token twice. The folder holds no secret; it belongs on a local disk.
///
/// Its calls run on threads that may block, four at a time, and must be polled within a Tokio runtime. A keyring may
/// ask its user before it answers, and is waited for; such a call cannot be stopped.
///
/// # Example
///
/// ```
/// use auth_core::{Secret, StoreKey, TokenSet, TokenStore, store::save_login};
/// use auth_store::Backend;
/// use auth_store_keyring::KeyringStore;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = tempfile::tempdir()?;
/// # let folder = place.path().join("locks");
/// let keyring = keyring_core::mock::Store::new()?;
/// let store = KeyringStore::with_store("example", keyring, folder)?.in_plain_text();
/// let key = StoreKey::new(["example", "alice"]);
/// save_login(&store, &key, &TokenSet::login(Secret::from("refresh"))).await?;
/// assert_eq!(store.list().await?, [key]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KeyringStore {
    place: Place,
    locks: LockFolder,
    index: LockFolder,
}

impl KeyringStore {
    /// Opens the keyring of this system: the Secret Service on Linux and BSD, the login keychain on macOS.
    ///
    /// # Errors
    ///
    /// With the code [`ABSENT`](crate::ABSENT) where this session has no keyring, [`LOCKED`](crate::LOCKED) or
    /// [`DENIED`](crate::DENIED) where it does not let us in. Nothing else is used in its place: that is for the
    /// application to say. And as [`with_store`](Self::with_store).
    ///
    /// # Cancellation
    ///
    /// Safe: nothing is open then.
    #[cfg(feature = "native")]
    pub async fn open(service: &str, lock_folder: impl AsRef<Path> + Send) -> Result<Self, Error> {
        let store = Self::over(service, Link::native(), lock_folder.as_ref())?;
        store.place.run(Vec::new(), |_| Ok(())).await?;
        Ok(store)
    }

    /// Uses `store`, any keyring that `keyring-core` knows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for an empty service, and as [`LockFolder::open`].
    pub fn with_store(
        service: &str,
        store: Arc<CredentialStore>,
        lock_folder: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        Self::over(service, Link::given(store), lock_folder.as_ref())
    }

    /// Says how many bytes an entry of the keyring may have: 1,024 unless told otherwise, and at least 256.
    ///
    /// A login that is longer takes more than one. The size may be changed at any time: what is stored says how it was
    /// divided.
    #[must_use]
    pub fn chunk(mut self, bytes: usize) -> Self {
        self.place.chunk(bytes.max(HEADER + 64));
        self
    }

    fn over(service: &str, link: Link, lock_folder: &Path) -> Result<Self, Error> {
        if service.is_empty() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the entries of a keyring need a service name; give the application's",
            ));
        }
        Ok(Self {
            place: Place::new(service, link, CHUNK),
            locks: LockFolder::open(lock_folder)?,
            // In a folder of its own: no login has a key that this one could be mistaken for.
            index: LockFolder::open(lock_folder.join("index"))?,
        })
    }
}

#[async_trait]
impl Backend for KeyringStore {
    type Slot = KeyringSlot;

    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error> {
        let key = key.clone();
        let found = self.place.run(Vec::new(), move |entries| {
            record::read(entries, &name_of(key.as_str()), key.as_str())
        });
        Ok(found
            .await?
            .map(|(version, body)| Value::new(version, body)))
    }

    async fn lock(&self, key: &StoreKey) -> Result<KeyringSlot, Error> {
        let lock = self.locks.lock(key).await?;
        KeyringSlot::new(self.place.clone(), self.index.clone(), key, lock).await
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        self.place.run(Vec::new(), index::keys).await
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore")
            .field("service", &self.place.service())
            .field("locks", &self.locks)
            .finish_non_exhaustive()
    }
}
