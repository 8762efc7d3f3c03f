//! Its leases.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use auth_core::{
    Error, ErrorKind, Intent, Lease, Record, StoreKey, Token, TokenSet, TokenStore,
    store::{CONFLICT, conflict},
};
use tokio::sync::OwnedMutexGuard;

use super::{Flaw, Shared};

pub(super) struct FlawedLease {
    pub(super) shared: Arc<Shared>,
    pub(super) key: StoreKey,
    pub(super) inner: Option<Box<dyn Lease>>,
    pub(super) fence: u64,
    /// What the last note was put on.
    pub(super) noted: Option<u64>,
    pub(super) _one_lock: Option<OwnedMutexGuard<()>>,
}

impl FlawedLease {
    async fn version(&mut self) -> Option<u64> {
        let record = self.shared.inner.load(&self.key).await.unwrap();
        record.map(|record| record.version)
    }

    /// Changes the record through the lease, or without any right to where the flaw is that there is none.
    async fn change(
        &mut self,
        expected: Option<u64>,
        set: Option<&TokenSet>,
    ) -> Result<u64, Error> {
        let mut short;
        let lease = match &mut self.inner {
            Some(lease) => lease,
            None => {
                short = self.shared.inner.lease(&self.key).await?;
                &mut short
            }
        };
        match set {
            Some(set) => lease.save(expected, set).await,
            None => lease.remove(expected.unwrap_or(0)).await.map(|()| 0),
        }
    }
}

/// Shows the version that counts from one anew, where that is the flaw.
pub(super) fn shown(shared: &Shared, key: &StoreKey, record: Option<Record>) -> Option<Record> {
    let mut record = record?;
    if shared.flaw == Flaw::VersionsRestart {
        record.version = shared.counts.lock().unwrap().get(key)?.0;
    }
    Some(record)
}

#[async_trait]
impl Lease for FlawedLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        if self.shared.flaw == Flaw::ListsLeased {
            self.shared.removed.lock().unwrap().push(self.key.clone());
        }
        let record = self.shared.inner.load(&self.key).await?;
        Ok(shown(&self.shared, &self.key, record))
    }

    async fn save(&mut self, mut expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        let mut set = set.clone();
        let stored = self.version().await;
        self.noted = None;
        let saves = self.shared.saves.fetch_add(1, Ordering::SeqCst);
        if self.shared.flaw == Flaw::TiresAfterMany && saves > 300 {
            set = TokenSet::login("tired".into());
        }
        let token = set.token().cloned();
        match self.shared.flaw {
            Flaw::LosesRefresh => set = set.with_refresh(None),
            Flaw::LosesExtras
                if token
                    .as_ref()
                    .is_some_and(|token| token.extras().count() > 0) =>
            {
                let bare = Token::bearer(token.unwrap().access().clone())?;
                set = TokenSet::new(bare).with_refresh(set.refresh().cloned());
            }
            Flaw::RefusesLarge => {
                let length = token.map_or(0, |token| token.access().expose().len());
                if length > 64 * 1024 {
                    return Err(Error::new(ErrorKind::Unavailable, "too large"));
                }
            }
            Flaw::SavesFirstOver if expected.is_none() => expected = stored,
            Flaw::SavesOverAnything if stored.is_some() && expected.is_some() => expected = stored,
            Flaw::SavesInTwoSteps => {
                if let Some(version) = expected {
                    self.change(Some(version), None).await?;
                    tokio::task::yield_now().await;
                    expected = None;
                }
            }
            Flaw::VersionsRestart => {
                let count = self.shared.counts.lock().unwrap().get(&self.key).copied();
                let matches = count.map(|(shown, _)| shown) == expected;
                let truth = count.map(|(_, truth)| truth);
                expected = if matches { truth } else { Some(u64::MAX) };
            }
            _ => {}
        }
        let saved = self.change(expected, Some(&set)).await;
        match (self.shared.flaw, saved) {
            (Flaw::NamelessConflict, Err(error)) if error.code() == Some(CONFLICT) => {
                Err(Error::new(ErrorKind::Unavailable, "something else"))
            }
            (Flaw::VersionsRestart, Ok(truth)) => {
                let mut counts = self.shared.counts.lock().unwrap();
                let count = counts.entry(self.key.clone()).or_default();
                *count = (count.0 + 1, truth);
                Ok(count.0)
            }
            (_, saved) => saved,
        }
    }

    fn next_version(&self) -> u64 {
        let next = self.inner.as_ref().map_or(0, |lease| lease.next_version());
        next + u64::from(self.shared.flaw == Flaw::AnnouncesAnother)
    }

    async fn begin(&mut self, mut expected: u64, intent: &Intent) -> Result<(), Error> {
        let stored = self.version().await;
        let Some(lease) = &mut self.inner else {
            return Err(conflict());
        };
        match self.shared.flaw {
            Flaw::LosesIntent => return Ok(()),
            Flaw::NotesAnything => expected = stored.unwrap_or(expected),
            Flaw::NoteMovesVersion => {
                let record = lease.load().await?.ok_or_else(conflict)?;
                expected = lease.save(Some(expected), &record.set).await?;
            }
            _ => {}
        }
        self.noted = Some(expected);
        lease.begin(expected, intent).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        self.noted = None;
        match &mut self.inner {
            Some(_) if self.shared.flaw == Flaw::SettleStays => Ok(()),
            Some(lease) => lease.settle(expected).await,
            None => Err(conflict()),
        }
    }

    async fn remove(&mut self, mut expected: u64) -> Result<(), Error> {
        let stored = self.version().await;
        match self.shared.flaw {
            Flaw::RemovesAnything => expected = stored.unwrap_or(expected),
            Flaw::VersionsRestart => {
                let count = self.shared.counts.lock().unwrap().get(&self.key).copied();
                let truth = count.filter(|(shown, _)| *shown == expected);
                expected = truth.map_or(u64::MAX, |(_, truth)| truth);
            }
            _ => {}
        }
        self.change(Some(expected), None).await?;
        if self.shared.flaw == Flaw::ListsRemoved {
            self.shared.removed.lock().unwrap().push(self.key.clone());
        }
        self.shared.counts.lock().unwrap().remove(&self.key);
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), Error> {
        match self.shared.flaw {
            Flaw::RenewFails => Err(Error::new(ErrorKind::Unavailable, "no")),
            Flaw::DroppedRenewLeaks => {
                // Whoever is dropped here has put the right where nobody finds it.
                let leaked = self.shared.leaked.lock().unwrap().len();
                let lease = self.inner.take();
                self.shared.leaked.lock().unwrap().extend(lease);
                tokio::task::yield_now().await;
                self.inner = Some(self.shared.leaked.lock().unwrap().remove(leaked));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn fence(&self) -> u64 {
        match self.shared.flaw {
            Flaw::ConstantFence => 1,
            _ => self.fence,
        }
    }

    async fn release(mut self: Box<Self>) -> Result<(), Error> {
        let inner = self.inner.take();
        // Two leases on one key are all the suite needs before it notices; earlier clauses take only one.
        let waited_for = self.key.as_str().ends_with("release");
        if let (Flaw::ReleaseLeaks, true) = (self.shared.flaw, waited_for) {
            self.shared.leaked.lock().unwrap().extend(inner);
        }
        Ok(())
    }
}

impl Drop for FlawedLease {
    fn drop(&mut self) {
        let Some(mut lease) = self.inner.take() else {
            return;
        };
        match (self.shared.flaw, self.noted) {
            (Flaw::DropLeaks, _) => self.shared.leaked.lock().unwrap().push(lease),
            (Flaw::DropUndoesNote, Some(version)) => {
                tokio::spawn(async move { lease.settle(version).await });
            }
            _ => {}
        }
    }
}
