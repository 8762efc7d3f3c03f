//! Logins from one store to another.

#[cfg(test)]
mod tests;

use auth_core::{Error, ErrorKind, Lease, Record, StoreKey, TokenStore};

/// What [`copy_all`] does with a login that the target has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnExisting {
    /// The target keeps the one that it has.
    Keep,
    /// The target gets the one of the source. One that the target cannot read is never replaced.
    Replace,
}

/// What [`copy_all`] or [`move_all`] did, key by key, in the order of the keys.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Copied {
    /// Copied to the target.
    pub copied: Vec<StoreKey>,
    /// Left as they are in both stores, because the target had a login already.
    pub kept: Vec<StoreKey>,
    /// Not copied, because of an error.
    pub failed: Vec<(StoreKey, Error)>,
    /// Copied, but still in the source, because of an error: only for [`move_all`].
    pub not_removed: Vec<(StoreKey, Error)>,
}

impl Copied {
    /// Returns whether nothing went wrong.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.not_removed.is_empty()
    }
}

/// Copies all logins from one store to another: to import, to export, to begin to encrypt.
///
/// **Afterwards use only one of the two stores.** A refresh token that is spent with each exchange, and that is spent
/// from both, revokes the login at the provider. [`move_all`] leaves no second copy.
///
/// Each login is copied under its leases in both stores, first in the source and then in the target, so that no
/// exchange comes between. Never copy between two stores in both directions at once, nor from a store to itself: each
/// would wait for the other. A login of which nobody knows whether its refresh token is spent is copied with its
/// [intent](auth_core::Intent). One login that fails does not stop the others.
///
/// # Errors
///
/// As [`TokenStore::list`] of the source; what goes wrong with one login is in [`Copied::failed`].
///
/// # Cancellation
///
/// Afterwards some logins are copied and the others not, each of them whole.
///
/// # Example
///
/// ```
/// use auth_core::{MemoryStore, Secret, StoreKey, TokenSet, store::save_login};
/// use auth_store::{Keys, OnExisting, Sealed, copy_all};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), auth_core::Error> {
/// let plain = MemoryStore::new();
/// let key = StoreKey::new(["provider", "client", "account"]);
/// save_login(&plain, &key, &TokenSet::login(Secret::from("made-up"))).await?;
///
/// let sealed = Sealed::new(MemoryStore::new(), Keys::generate("2026-01")?);
/// let done = copy_all(&plain, &sealed, OnExisting::Keep).await?;
/// assert_eq!(done.copied, [key]);
/// assert!(done.is_complete());
/// # Ok(())
/// # }
/// ```
pub async fn copy_all(
    from: &dyn TokenStore,
    to: &dyn TokenStore,
    existing: OnExisting,
) -> Result<Copied, Error> {
    each(from, to, existing, Source::Stays).await
}

/// Moves all logins from one store to another: [`copy_all`], and what was copied is removed from the source.
///
/// # Errors
///
/// As [`copy_all`]; what could not be removed is in [`Copied::not_removed`].
///
/// # Cancellation
///
/// Afterwards some logins are moved, at most one is in both stores, and the others were not touched.
pub async fn move_all(
    from: &dyn TokenStore,
    to: &dyn TokenStore,
    existing: OnExisting,
) -> Result<Copied, Error> {
    each(from, to, existing, Source::Goes).await
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Stays,
    Goes,
}

enum Outcome {
    Copied,
    NotRemoved(Error),
    Kept,
    Gone,
}

async fn each(
    from: &dyn TokenStore,
    to: &dyn TokenStore,
    existing: OnExisting,
    source: Source,
) -> Result<Copied, Error> {
    let mut keys = from.list().await?;
    keys.sort();
    let mut done = Copied::default();
    for key in keys {
        match one(from, to, &key, existing, source).await {
            Ok(Outcome::Copied) => done.copied.push(key),
            Ok(Outcome::NotRemoved(error)) => {
                done.copied.push(key.clone());
                done.not_removed.push((key, error));
            }
            Ok(Outcome::Kept) => done.kept.push(key),
            Ok(Outcome::Gone) => {}
            Err(error) => done.failed.push((key, error)),
        }
    }
    Ok(done)
}

async fn one(
    from: &dyn TokenStore,
    to: &dyn TokenStore,
    key: &StoreKey,
    existing: OnExisting,
    source: Source,
) -> Result<Outcome, Error> {
    let mut left = from.lease(key).await?;
    let outcome = match to.lease(key).await {
        Ok(mut right) => {
            let outcome = held(&mut *left, &mut *right, existing, source).await;
            // What was done is done; a lease that cannot be given back now is given back by its drop.
            let _ = right.release().await;
            outcome
        }
        Err(error) => Err(error),
    };
    let _ = left.release().await;
    outcome
}

async fn held(
    from: &mut dyn Lease,
    to: &mut dyn Lease,
    existing: OnExisting,
    source: Source,
) -> Result<Outcome, Error> {
    let Some(record) = from.load().await? else {
        return Ok(Outcome::Gone);
    };
    let there = to.load().await?.map(|record| record.version);
    if there.is_some() && existing == OnExisting::Keep {
        return Ok(Outcome::Kept);
    }
    // Reading took time, and a holder whose lease ended in between must not copy what has been spent since.
    from.renew().await?;
    put(to, there, &record).await?;
    if source == Source::Goes
        && let Err(error) = from.remove(record.version).await
    {
        return Ok(Outcome::NotRemoved(error));
    }
    Ok(Outcome::Copied)
}

/// Saves a record with its note. A copy without the note would be used as if its refresh token were surely good.
async fn put(to: &mut dyn Lease, there: Option<u64>, record: &Record) -> Result<(), Error> {
    let version = to.save(there, &record.set).await?;
    let Some(intent) = &record.intent else {
        return Ok(());
    };
    let Err(error) = to.begin(version, intent).await else {
        return Ok(());
    };
    match to.remove(version).await {
        Ok(()) => Err(error),
        Err(_) => Err(Error::new(
            ErrorKind::Unavailable,
            "the login was copied without the note that its refresh token may be spent; remove the copy, or copy again \
             and replace",
        )
        .with_source(error)),
    }
}
