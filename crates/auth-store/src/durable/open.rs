//! What a lease does with the key that it locked.

use auth_core::{Error, Intent, Now, Record, TokenSet, store::conflict};

use crate::{Slot, Value, codec};

/// A locked key, and what is known to be stored there.
pub(super) struct Open<S> {
    slot: Option<S>,
    seen: Seen,
}

enum Seen {
    Unknown,
    Nothing,
    Text(Value),
}

impl<S: Slot> Open<S> {
    pub(super) fn new(slot: S) -> Self {
        Self {
            slot: Some(slot),
            seen: Seen::Unknown,
        }
    }

    /// Takes the slot out: nothing works afterwards.
    pub(super) fn close(&mut self) -> Option<S> {
        self.seen = Seen::Unknown;
        self.slot.take()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.slot.is_none()
    }

    /// Reads what is stored. It may be what a later holder saved, where the lock was lost: that can be used, but not
    /// changed.
    pub(super) async fn load(&mut self, now: Now) -> Result<Option<Record>, Error> {
        self.look().await?;
        let Seen::Text(value) = &self.seen else {
            return Ok(None);
        };
        codec::record(value, now).map(Some)
    }

    pub(super) async fn save(
        &mut self,
        expected: Option<u64>,
        set: &TokenSet,
        version: u64,
    ) -> Result<(), Error> {
        let before = self.stored(expected).await?;
        if expected.is_some_and(|expected| expected >= version) {
            return Err(conflict());
        }
        let body = codec::saved(before, set)?;
        self.write(expected, Value::new(version, body)).await
    }

    pub(super) async fn note(
        &mut self,
        expected: u64,
        intent: Option<&Intent>,
    ) -> Result<(), Error> {
        let before = self.stored(Some(expected)).await?.ok_or_else(conflict)?;
        let body = codec::noted(before, intent)?;
        self.write(Some(expected), Value::new(expected, body)).await
    }

    pub(super) async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        self.stored(Some(expected)).await?;
        // Until it is known how it ended, nothing is known.
        self.seen = Seen::Unknown;
        self.slot()?.erase(expected).await?;
        self.seen = Seen::Nothing;
        Ok(())
    }

    /// Removes what is stored, whatever it is.
    pub(super) async fn discard(&mut self) -> Result<bool, Error> {
        self.seen = Seen::Unknown;
        self.slot()?.discard().await
    }

    pub(super) async fn renew(&mut self) -> Result<(), Error> {
        self.slot()?.renew().await
    }

    async fn write(&mut self, expected: Option<u64>, value: Value) -> Result<(), Error> {
        self.seen = Seen::Unknown;
        self.slot()?.write(expected, &value).await?;
        self.seen = Seen::Text(value);
        Ok(())
    }

    /// Returns what is stored, where that is what was expected and may be changed.
    ///
    /// What nobody may change is told apart from a conflict, which would invite to try again.
    async fn stored(&mut self, expected: Option<u64>) -> Result<Option<&Value>, Error> {
        if matches!(self.seen, Seen::Unknown) || self.version() != expected {
            self.look().await?;
        }
        let found = self.version();
        match &self.seen {
            Seen::Text(value) => {
                codec::check(value)?;
                (found == expected)
                    .then_some(Some(value))
                    .ok_or_else(conflict)
            }
            _ => (found == expected).then_some(None).ok_or_else(conflict),
        }
    }

    async fn look(&mut self) -> Result<(), Error> {
        self.seen = Seen::Unknown;
        self.seen = match self.slot()?.read().await? {
            Some(value) => Seen::Text(value),
            None => Seen::Nothing,
        };
        Ok(())
    }

    fn version(&self) -> Option<u64> {
        match &self.seen {
            Seen::Text(value) => Some(value.version),
            Seen::Unknown | Seen::Nothing => None,
        }
    }

    fn slot(&mut self) -> Result<&mut S, Error> {
        self.slot.as_mut().ok_or_else(conflict)
    }
}
