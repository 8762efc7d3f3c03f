//! Encryption of what goes into any store.

mod envelope;
mod lease;
mod reseal;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, Lease, Record, StoreKey, SystemClock, TokenStore};

use crate::{
    KeySource,
    codec::{self, NEWER_FORMAT},
};

use self::lease::{SealedLease, unsealed};
pub use self::reseal::Resealed;

/// The code of the error that says that a login was sealed with a key that is missing or is another one, or was
/// changed by somebody.
pub const WRONG_KEY: &str = "store_wrong_key";

/// The code of the error that says that a login stands in the store as clear text, where a sealed one was due.
pub const NOT_SEALED: &str = "store_not_sealed";

/// Encrypts what goes into a store, so that neither its files, dumps, logs nor administrators see a token.
///
/// What the store gets is a login whose refresh token is an envelope: the name of the key, a random nonce, and the
/// whole set sealed with XChaCha20-Poly1305. The envelope is bound to the key of the record and to its version, so
/// that it opens nowhere else: one that is put under another key, or under the version of another one, is refused. Who
/// can write the place can still put a whole older record back, with the version that it had: that one opens, and
/// nothing here tells that it is not the newest.
/// The keys of records, their versions, sizes and [intents](auth_core::Intent) are not hidden, and intents are not
/// protected either.
///
/// # Errors
///
/// A record that cannot be opened stays as it is: it is never saved over, removed or noted on through this store.
///
/// * [`WRONG_KEY`]: no key of the name that the error shows is known, or it is another key, or the record was changed.
/// * [`NOT_SEALED`]: the record is clear text. Copy it with [`copy_all`](crate::copy_all) to another place.
///
/// # Example
///
/// ```
/// use auth_core::{MemoryStore, Secret, StoreKey, TokenSet, TokenStore, store::save_login};
/// use auth_store::{Keys, Sealed};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), auth_core::Error> {
/// let inner = MemoryStore::new();
/// let store = Sealed::new(inner.clone(), Keys::generate("2026-01")?);
/// let key = StoreKey::new(["provider", "client", "account"]);
/// save_login(&store, &key, &TokenSet::login(Secret::from("made-up"))).await?;
///
/// let seen = inner.load(&key).await?.and_then(|record| record.set.refresh().cloned());
/// assert!(seen.is_some_and(|text| text.expose().starts_with("sealed:1:2026-01:")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sealed<S> {
    store: S,
    keys: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
}

impl<S: TokenStore> Sealed<S> {
    /// Returns `store` with everything in it sealed with `keys`: [`Keys`](crate::Keys), or what asks a service.
    pub fn new(store: S, keys: impl KeySource + 'static) -> Self {
        Self {
            store,
            keys: Arc::new(keys),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Returns the store that is wrapped, where what it holds is seen sealed.
    ///
    /// It is the way to remove a record whose key is lost; see [`Durable::discard`](crate::Durable::discard).
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Says which clock tells how much of its life a token has left; the machine's unless told otherwise.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

#[async_trait]
impl<S: TokenStore> TokenStore for Sealed<S> {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        let Some(record) = self.store.load(key).await? else {
            return Ok(None);
        };
        let value = unsealed(&record, key, &*self.keys).await?;
        let opened = codec::record(&value, self.clock.now())?;
        Ok(Some(opened.with_intent(record.intent)))
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        Ok(Box::new(self.sealed_lease(key).await?))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        self.store.list().await
    }
}

impl<S: TokenStore> Sealed<S> {
    async fn sealed_lease(&self, key: &StoreKey) -> Result<SealedLease, Error> {
        Ok(SealedLease {
            inner: self.store.lease(key).await?,
            key: key.clone(),
            keys: Arc::clone(&self.keys),
            clock: Arc::clone(&self.clock),
            seen: None,
        })
    }
}

impl<S> fmt::Debug for Sealed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").finish_non_exhaustive()
    }
}

fn newer_format() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "the stored login is sealed in a newer format and stays as it is; update this program",
    )
    .with_code(NEWER_FORMAT)
}

fn unknown_key(id: &str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!(
            "the stored login is sealed with the key {id}, which is not in the list of keys; add it as one that also \
             reads, or leave the login to the application that has it"
        ),
    )
    .with_code(WRONG_KEY)
}

fn wrong_key(id: &str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!(
            "the stored login does not open with the key {id}: another key has this name, or the record was changed \
             or moved by somebody; check the key, or restore the record"
        ),
    )
    .with_code(WRONG_KEY)
}

fn not_sealed() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "the stored login is clear text where a sealed one was due; open its store as plain text and copy it to a \
         sealed one with copy_all",
    )
    .with_code(NOT_SEALED)
}
