//! What a store crate implements: a lock and a compare-and-swap on text.

use async_trait::async_trait;
use auth_core::{Error, Secret, StoreKey};

use crate::{Durable, KeySource, Sealed};

#[cfg(test)]
mod tests;

/// How many versions one slot can give: more than any exchange needs.
const BLOCK: u64 = 1 << 10;

/// Versions from here on are neither given nor read: databases have numbers with a sign.
pub(crate) const END_OF_VERSIONS: u64 = 1 << 63;

/// Text under a key, and its version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Value {
    /// The version, which [`Slot::write`] compares.
    pub version: u64,
    /// The record as `Durable` wrote it: at most 256 KiB of UTF-8.
    pub body: Secret,
}

impl Value {
    /// Puts a text and its version together.
    pub fn new(version: u64, body: Secret) -> Self {
        Self { version, body }
    }
}

/// A place that keeps values by key and can lock a key, for one machine or for many.
///
/// # Contract
///
/// * At most one [`Slot`] of a key is open at a time; [`lock`](Self::lock) waits for the one before it. Different keys
///   do not wait for each other, and reading waits for nobody.
/// * The lock ends with the process that holds it, whatever becomes of that process.
/// * Every future may be dropped, but `Durable` drops only that of `lock`: the others run to their end in a task of
///   their own.
/// * No text of an error holds a value, a password or an address with a password.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// A locked key.
    type Slot: Slot;

    /// Returns what is stored under `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](auth_core::ErrorKind::Unavailable) where the place cannot be reached, another kind
    /// where waiting does not help.
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    async fn read(&self, key: &StoreKey) -> Result<Option<Value>, Error>;

    /// Waits for `key` to be free, and locks it.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancellation
    ///
    /// Whoever stops waiting holds nothing.
    async fn lock(&self, key: &StoreKey) -> Result<Self::Slot, Error>;

    /// Returns the keys of all values, in no order.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancellation
    ///
    /// Safe: reading changes nothing.
    async fn keys(&self) -> Result<Vec<StoreKey>, Error>;

    /// Returns the store that keeps logins here as they are: whoever can read the place has them.
    fn in_plain_text(self) -> Durable<Self>
    where
        Self: Sized,
    {
        Durable::new(self)
    }

    /// Returns the store that keeps logins here sealed with `keys`: whoever can read the place has nothing.
    fn sealed(self, keys: impl KeySource + 'static) -> Sealed<Durable<Self>>
    where
        Self: Sized,
    {
        Sealed::new(Durable::new(self), keys)
    }
}

/// A key that is locked. Dropping it unlocks it as soon as the place can.
#[async_trait]
pub trait Slot: Send + 'static {
    /// Returns what is stored.
    ///
    /// # Errors
    ///
    /// As [`Backend::read`].
    async fn read(&mut self) -> Result<Option<Value>, Error>;

    /// Writes `value` durably over the one of version `expected`, or as the first one where that is `None`.
    ///
    /// The new value may have the version of the old one.
    ///
    /// # Errors
    ///
    /// [`conflict`](auth_core::store::conflict) where another version is stored or the lock is known to be lost, and
    /// as [`Backend::read`]. After another error the old or the new value is stored, whole.
    async fn write(&mut self, expected: Option<u64>, value: &Value) -> Result<(), Error>;

    /// Removes the value of version `expected` durably.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    async fn erase(&mut self, expected: u64) -> Result<(), Error>;

    /// Removes whatever is stored durably, and returns whether there was something.
    ///
    /// What is provided reads first. A place in which there may be what [`read`](Self::read) refuses removes it unread.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    async fn discard(&mut self) -> Result<bool, Error> {
        match self.read().await? {
            Some(value) => self.erase(value.version).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Extends the lock, where locks end with time, and learns whether it is still held.
    ///
    /// # Errors
    ///
    /// [`conflict`](auth_core::store::conflict) where the lock is lost, and as [`Backend::read`].
    async fn renew(&mut self) -> Result<(), Error>;

    /// Returns the numbers that belong to this slot.
    fn numbers(&mut self) -> &mut Numbers;

    /// Unlocks the key.
    ///
    /// # Errors
    ///
    /// As [`Backend::read`]; the key is then unlocked as soon as the place can.
    async fn release(self) -> Result<(), Error>;
}

/// The numbers of one slot: its fence, and after it the versions of what is written through it.
///
/// A backend gives each slot of a key a higher number than all slots of that key before, whatever was removed in
/// between. A block of 1,024 follows from it, so that versions never come back and tell who wrote them.
///
/// # Example
///
/// ```
/// use auth_store::Numbers;
///
/// let (mut first, second) = (Numbers::block(1), Numbers::block(2));
/// assert_eq!(first.take(), Some(first.fence() + 1));
/// assert!(first.peek() < Some(second.fence()));
/// ```
#[derive(Clone, Debug)]
pub struct Numbers {
    fence: u64,
    used: u64,
}

impl Numbers {
    /// Returns the block of the `number`-th slot. Numbers up to 2^53 have blocks of their own.
    pub fn block(number: u64) -> Self {
        Self {
            fence: number.saturating_mul(BLOCK),
            used: 0,
        }
    }

    /// Returns the block that follows the one to which `version` belongs.
    pub fn after(version: u64) -> Self {
        Self::block((version / BLOCK).saturating_add(1))
    }

    /// Returns the number of the block.
    pub fn number(&self) -> u64 {
        self.fence / BLOCK
    }

    /// Returns the fence.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Returns the version that [`take`](Self::take) would give. None is as high as 2^63.
    pub fn peek(&self) -> Option<u64> {
        let next = self.fence.checked_add(self.used + 1);
        next.filter(|next| self.used < BLOCK - 1 && *next < END_OF_VERSIONS)
    }

    /// Takes the next version; `None` once all are used up.
    pub fn take(&mut self) -> Option<u64> {
        let next = self.peek();
        self.used = (self.used + 1).min(BLOCK - 1);
        next
    }
}
