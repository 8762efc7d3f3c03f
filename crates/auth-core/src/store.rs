//! Where logins are kept.

mod key;
mod memory;

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;

use crate::{Error, ErrorKind, TokenSet};

pub use self::{key::StoreKey, memory::MemoryStore};

/// A stored set and its version, which rises with every save and never comes back, not even after a removal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// What was saved.
    pub set: TokenSet,
    /// The version to name when saving over it.
    pub version: u64,
    /// The exchange that was begun with this set, where nobody said how it ended.
    pub intent: Option<Intent>,
}

impl Record {
    /// Puts a set and its version together.
    pub fn new(set: TokenSet, version: u64) -> Self {
        Self {
            set,
            version,
            intent: None,
        }
    }

    /// Adds the exchange that was begun with this set, or takes it away.
    #[must_use]
    pub fn with_intent(mut self, intent: Option<Intent>) -> Self {
        self.intent = intent;
        self
    }
}

/// The note that an exchange was begun which spends the refresh token of a record.
///
/// It is made before the request is sent and goes with the next save. Where it is found by another holder of the
/// lease, the one who made it died in between, and nobody knows whether the refresh token is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intent {
    /// When the refresh token was first sent, by the wall clock of its holder.
    pub begun: SystemTime,
    /// The fence of the lease under which it was sent last.
    pub fence: u64,
    /// How often it was sent.
    pub sends: u32,
}

impl Intent {
    /// Returns the note of a first sending.
    pub fn new(begun: SystemTime, fence: u64) -> Self {
        Self {
            begun,
            fence,
            sends: 1,
        }
    }

    /// Returns the note of one more sending, under the lease with this fence.
    #[must_use]
    pub fn again(self, fence: u64) -> Self {
        Self {
            fence,
            sends: self.sends.saturating_add(1),
            ..self
        }
    }
}

/// Keeps token sets by key, for one process or for many.
///
/// # Contract
///
/// * At most one [`Lease`] on a key is in force at a time; [`lease`](Self::lease) waits for the one before. Different
///   keys do not wait for each other.
/// * What [`Lease::save`] acknowledged is what every later load returns, until the next save or removal.
/// * Dropping any future of the store leaves the store usable and at most the operation at hand undone.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Returns what is stored under `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] where the store cannot be reached.
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error>;

    /// Waits for the exclusive right to change what is stored under `key`.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Cancellation
    ///
    /// Safe: whoever stops waiting holds nothing, and nobody waits for them.
    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error>;

    /// Returns the keys of everything stored, in no order.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    async fn list(&self) -> Result<Vec<StoreKey>, Error>;
}

/// The exclusive right to change one record. It owns lock and connection, so that an exchange needs no second one.
///
/// # Contract
///
/// * Saving and removing compare versions: they fail with [`conflict`] where another holder came between.
/// * The fence is higher than that of every earlier lease on the key.
/// * A save takes the intent away, whatever set it saves; [`begin`](Self::begin) and [`settle`](Self::settle) leave the
///   version as it is.
/// * Dropping the lease releases it as soon as the store can; [`release`](Self::release) waits for that.
#[async_trait]
pub trait Lease: Send {
    /// Returns what is stored.
    ///
    /// # Errors
    ///
    /// As [`TokenStore::load`].
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    async fn load(&mut self) -> Result<Option<Record>, Error>;

    /// Saves `set` over the record of version `expected`, or as the first one where that is `None`, and returns the
    /// new version.
    ///
    /// # Errors
    ///
    /// [`conflict`] where another version is stored, and as [`TokenStore::load`].
    ///
    /// # Cancellation
    ///
    /// Afterwards the old or the new set is stored, whole.
    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error>;

    /// Returns the version that the next save will give, if it succeeds, so that what is saved can be bound to it.
    ///
    /// After a save that failed it may be another.
    fn next_version(&self) -> u64;

    /// Notes durably that the refresh token of the record of version `expected` is about to be sent.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    ///
    /// # Cancellation
    ///
    /// Afterwards the note is there or not, and the record as it was.
    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error>;

    /// Takes the note away: the exchange is over and brought nothing to save.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    ///
    /// # Cancellation
    ///
    /// As [`begin`](Self::begin).
    async fn settle(&mut self, expected: u64) -> Result<(), Error>;

    /// Removes the record of version `expected`.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    ///
    /// # Cancellation
    ///
    /// Afterwards the record is there, whole, or gone.
    async fn remove(&mut self, expected: u64) -> Result<(), Error>;

    /// Extends the lease, for exchanges that take long.
    ///
    /// # Errors
    ///
    /// [`conflict`] where the lease was lost, and as [`TokenStore::load`].
    ///
    /// # Cancellation
    ///
    /// Safe: the lease is extended or as it was.
    async fn renew(&mut self) -> Result<(), Error>;

    /// Returns the number that orders this lease among all on the key.
    fn fence(&self) -> u64;

    /// Gives the lease back.
    ///
    /// # Errors
    ///
    /// As [`TokenStore::load`]; the lease is then given back as soon as the store can.
    ///
    /// # Cancellation
    ///
    /// As dropping the lease.
    async fn release(self: Box<Self>) -> Result<(), Error>;
}

/// The code of the error that says that another holder came between.
pub const CONFLICT: &str = "store_conflict";

/// The code of the error while an exchange is left to the process that began it; see
/// [`Policy::abandoned_after`](crate::Policy::abandoned_after).
pub const BEGUN_ELSEWHERE: &str = "begun_elsewhere";

/// The code of the error where the lease was not granted in time: somebody else holds it, or the store does not answer.
pub const LEASE_TIMEOUT: &str = "store_lease_timeout";

/// Returns the error for a save or removal whose expected version is not the one stored, or for a lost lease.
pub fn conflict() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the stored login was changed by somebody else meanwhile; load it again",
    )
    .with_code(CONFLICT)
}

/// Saves a login that was obtained outside the engine, over whatever is stored, and returns its version.
///
/// # Errors
///
/// As [`TokenStore::lease`] and [`Lease::save`].
///
/// # Cancellation
///
/// Afterwards the old or the new login is stored, whole.
pub async fn save_login(
    store: &dyn TokenStore,
    key: &StoreKey,
    set: &TokenSet,
) -> Result<u64, Error> {
    let mut lease = store.lease(key).await?;
    let expected = lease.load().await?.map(|record| record.version);
    let version = lease.save(expected, set).await?;
    // The login is saved; a lease that cannot be given back now is given back by its drop.
    let _ = lease.release().await;
    Ok(version)
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: TokenStore + ?Sized> TokenStore for $kind {
            async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
                (**self).load(key).await
            }

            async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
                (**self).lease(key).await
            }

            async fn list(&self) -> Result<Vec<StoreKey>, Error> {
                (**self).list().await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);
