//! The keys that records are sealed with.

mod key;
mod ring;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Error, ErrorKind};

pub(crate) use self::key::{is_id, random};
pub use self::{
    key::{DataKey, KeyMaterial},
    ring::Keys,
};

/// The code of the error that says that a key, its name or a list of keys cannot be used as it is written.
pub const BAD_KEY: &str = "store_bad_key";

/// Gives the keys that records are sealed with: a fixed list such as [`Keys`], or a service that keeps keys.
///
/// # Contract
///
/// * [`writing`](Self::writing) may return another key from one call to the next; that is how keys are rotated.
/// * [`reading`](Self::reading) finds every key that `writing` ever returned, for as long as a record may be sealed
///   with it.
/// * Both are asked for every record that is read or written. Whoever has to ask over a network keeps the answers.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use auth_core::{Error, MemoryStore};
/// use auth_store::{DataKey, KeySource, Sealed};
///
/// struct Service {
///     current: DataKey,
/// }
///
/// #[async_trait]
/// impl KeySource for Service {
///     async fn writing(&self) -> Result<DataKey, Error> {
///         Ok(self.current.clone())
///     }
///
///     async fn reading(&self, id: &str) -> Result<Option<DataKey>, Error> {
///         Ok((id == self.current.id()).then(|| self.current.clone()))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let current = DataKey::generate("2026-01")?;
/// let store = Sealed::new(MemoryStore::new(), Service { current });
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Returns the key to seal with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] where the keys cannot be reached now, another kind where waiting does not help.
    ///
    /// # Cancellation
    ///
    /// Safe: nothing is changed.
    async fn writing(&self) -> Result<DataKey, Error>;

    /// Returns the key of this name, or `None` where there is no such key.
    ///
    /// # Errors
    ///
    /// As [`writing`](Self::writing).
    ///
    /// # Cancellation
    ///
    /// Safe: nothing is changed.
    async fn reading(&self, id: &str) -> Result<Option<DataKey>, Error>;
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: KeySource + ?Sized> KeySource for $kind {
            async fn writing(&self) -> Result<DataKey, Error> {
                (**self).writing().await
            }

            async fn reading(&self, id: &str) -> Result<Option<DataKey>, Error> {
                (**self).reading(id).await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);

/// Says what is wrong with a key. No text of a key is ever quoted: what stands in the wrong place may be one.
fn bad_key(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, message.into()).with_code(BAD_KEY)
}
