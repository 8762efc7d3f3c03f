//! Sealing everything anew after the key was changed.

use auth_core::{Error, Lease, StoreKey, TokenStore};

use super::{
    Sealed,
    lease::{SealedLease, envelope_of},
};

/// What [`Sealed::reseal`] did, key by key.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Resealed {
    /// Sealed anew.
    pub resealed: Vec<StoreKey>,
    /// Sealed with the current key already.
    pub current: Vec<StoreKey>,
    /// Left as they are, because an exchange was begun with them and nobody said how it ended. The next exchange seals
    /// them anew.
    pub unsettled: Vec<StoreKey>,
    /// Left as they are, because of an error.
    pub failed: Vec<(StoreKey, Error)>,
}

impl Resealed {
    /// Returns whether everything is sealed with the current key, so that older ones can go.
    pub fn is_complete(&self) -> bool {
        self.unsettled.is_empty() && self.failed.is_empty()
    }
}

enum Outcome {
    Resealed,
    Current,
    Unsettled,
    Gone,
}

impl<S: TokenStore> Sealed<S> {
    /// Seals everything anew that is not sealed with the current key, one record after the other.
    ///
    /// It takes the lease of each record in turn, and so waits for exchanges that are under way. A login that fails
    /// does not stop the others. Begin when every process has the new key.
    ///
    /// # Errors
    ///
    /// As [`TokenStore::list`]; what goes wrong with one record is in [`Resealed::failed`].
    ///
    /// # Cancellation
    ///
    /// Afterwards some records are sealed anew and the others as they were, each of them whole.
    ///
    /// # Example
    ///
    /// ```
    /// use auth_core::{MemoryStore, Secret, StoreKey, TokenSet, store::save_login};
    /// use auth_store::{Keys, Sealed};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), auth_core::Error> {
    /// let (inner, key) = (MemoryStore::new(), StoreKey::new(["made-up"]));
    /// let before = Sealed::new(inner.clone(), Keys::new("2026-01", [1; 32])?);
    /// save_login(&before, &key, &TokenSet::login(Secret::from("made-up"))).await?;
    ///
    /// let keys = Keys::new("2026-02", [2; 32])?.also_reads("2026-01", [1; 32])?;
    /// let done = Sealed::new(inner, keys).reseal().await?;
    /// assert_eq!(done.resealed, [key]);
    /// assert!(done.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reseal(&self) -> Result<Resealed, Error> {
        let mut done = Resealed::default();
        for key in self.list().await? {
            match self.reseal_one(&key).await {
                Ok(Outcome::Resealed) => done.resealed.push(key),
                Ok(Outcome::Current) => done.current.push(key),
                Ok(Outcome::Unsettled) => done.unsettled.push(key),
                Ok(Outcome::Gone) => {}
                Err(error) => done.failed.push((key, error)),
            }
        }
        Ok(done)
    }

    async fn reseal_one(&self, key: &StoreKey) -> Result<Outcome, Error> {
        let mut lease = self.sealed_lease(key).await?;
        let outcome = reseal_held(&mut lease).await;
        // What was saved is saved; a lease that cannot be given back now is given back by its drop.
        let _ = lease.inner.release().await;
        outcome
    }
}

async fn reseal_held(lease: &mut SealedLease) -> Result<Outcome, Error> {
    let Some(outer) = lease.inner.load().await? else {
        return Ok(Outcome::Gone);
    };
    // Opened also where the name of the key is right: another key may have that name.
    let Some(record) = lease.load().await? else {
        return Ok(Outcome::Gone);
    };
    if envelope_of(&outer)?.id() == lease.keys.writing().await?.id() {
        return Ok(Outcome::Current);
    }
    // Saving takes the note away that the refresh token may be spent, and noting it anew comes too late after a crash.
    if record.intent.is_some() {
        return Ok(Outcome::Unsettled);
    }
    lease.save(Some(record.version), &record.set).await?;
    Ok(Outcome::Resealed)
}
