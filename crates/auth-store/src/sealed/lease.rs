//! The right to change a sealed record.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{
    Clock, Error, ErrorKind, Intent, Lease, Record, StoreKey, TokenSet, store::conflict,
};

use super::{
    envelope::{self, Envelope, Place},
    not_sealed, unknown_key, wrong_key,
};
use crate::{KeySource, Value, codec};

pub(super) struct SealedLease {
    pub(super) inner: Box<dyn Lease>,
    pub(super) key: StoreKey,
    pub(super) keys: Arc<dyn KeySource>,
    pub(super) clock: Arc<dyn Clock>,
    /// The record that was opened last: versions never come back, so that it is read once for load, note and save.
    pub(super) seen: Option<Value>,
}

/// Opens what the store under a [`Sealed`](super::Sealed) returned for `key`.
pub(super) async fn unsealed(
    outer: &Record,
    key: &StoreKey,
    keys: &dyn KeySource,
) -> Result<Value, Error> {
    let envelope = envelope_of(outer)?;
    let id = envelope.id();
    let with = keys.reading(id).await?.ok_or_else(|| unknown_key(id))?;
    if with.id() != id {
        return Err(wrong_key(id));
    }
    let version = outer.version;
    let text = envelope.open(&with, Place { key, version })?;
    Ok(Value::new(version, text))
}

/// Reads the envelope of a record. One that holds an access token of its own is not ours, whatever its other text is.
pub(super) fn envelope_of(record: &Record) -> Result<Envelope<'_>, Error> {
    match (record.set.token(), record.set.refresh()) {
        (None, Some(text)) => Envelope::read(text),
        _ => Err(not_sealed()),
    }
}

impl SealedLease {
    async fn stored(&mut self, expected: Option<u64>) -> Result<Option<&Value>, Error> {
        if expected.is_none() || self.version() != expected {
            self.look().await?;
        }
        if self.version() != expected {
            return Err(conflict());
        }
        Ok(self.seen.as_ref())
    }

    async fn look(&mut self) -> Result<Option<Record>, Error> {
        self.seen = None;
        let Some(outer) = self.inner.load().await? else {
            return Ok(None);
        };
        let value = unsealed(&outer, &self.key, &*self.keys).await?;
        let record = codec::record(&value, self.clock.now())?;
        self.seen = Some(value);
        Ok(Some(record.with_intent(outer.intent)))
    }

    fn version(&self) -> Option<u64> {
        self.seen.as_ref().map(|value| value.version)
    }
}

#[async_trait]
impl Lease for SealedLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        self.look().await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let with = self.keys.writing().await?;
        let text = codec::saved(self.stored(expected).await?, set)?;
        // Read after every wait, right before the save: a save that failed may have changed it.
        let version = self.inner.next_version();
        let place = Place {
            key: &self.key,
            version,
        };
        let sealed = envelope::seal(&text, &with, place)?;
        // Until it is known how it ended, nothing is known.
        self.seen = None;
        let saved = self.inner.save(expected, &TokenSet::login(sealed)).await?;
        if saved != version {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the store saved under another version than it announced, so that the sealed login does not open; \
                 report it to the author of the store",
            ));
        }
        self.seen = Some(Value::new(version, text));
        Ok(version)
    }

    fn next_version(&self) -> u64 {
        self.inner.next_version()
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        self.stored(Some(expected)).await?;
        self.inner.begin(expected, intent).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.inner.settle(expected).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.stored(Some(expected)).await?;
        self.seen = None;
        self.inner.remove(expected).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        self.inner.renew().await
    }

    fn fence(&self) -> u64 {
        self.inner.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        self.inner.release().await
    }
}
