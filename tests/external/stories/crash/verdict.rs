//! What may be found after a kill.

use std::{sync::Arc, time::Duration};

use auth_core::{Record, TokenStore};
use tokio::time::timeout;

use super::{
    Tally,
    child::End,
    login::{key, number, removes},
    open::open,
};

/// How long anything may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is known of a store between two kills.
pub(super) struct History {
    /// The number and the version of the login that is stored.
    stored: Option<(u64, u64)>,
    /// The highest version and fence that were seen.
    version: u64,
    fence: u64,
    /// The last step that any child began.
    last: u64,
}

impl History {
    pub(super) async fn begin(store: &str) -> Result<Self, String> {
        let mut history = Self {
            stored: None,
            version: 0,
            fence: 0,
            last: 0,
        };
        history.stored = history.look(store).await?;
        history.last = history.stored.map_or(0, |(number, _)| number);
        Ok(history)
    }

    /// Returns the step with which the next child begins.
    pub(super) fn next(&self) -> u64 {
        self.last + 1
    }

    /// Compares what is stored with what the child said before it died.
    pub(super) async fn judge(
        &mut self,
        store: &str,
        end: &End,
        tally: &mut Tally,
    ) -> Result<(), String> {
        tally.kills += 1;
        tally.acknowledged += end.count;
        // What must be stored if the step that was under way is undone, and what if it is done.
        let before = match end.acknowledged {
            Some((step, version)) => version.map(|version| (step, version)),
            None => self.stored,
        };
        self.last = end.tried.unwrap_or(self.last);
        let under_way = end
            .tried
            .filter(|step| Some(*step) > end.acknowledged.map(|(step, _)| step));
        let known = self.version.max(before.map_or(0, |(_, version)| version));
        let found = self.look(store).await?;
        let done = under_way.is_some_and(|step| match found {
            Some((number, version)) => !removes(step) && number == step && version > known,
            None => removes(step),
        });
        match (found == before, done) {
            (_, true) => tally.done_unsaid += 1,
            (true, _) => tally.undone += usize::from(under_way.is_some()),
            _ => {
                return Err(format!(
                    "{before:?} was acknowledged, {under_way:?} was under way, {found:?} is stored"
                ));
            }
        }
        self.version = known.max(found.map_or(0, |(_, version)| version));
        self.stored = found;
        Ok(())
    }

    /// Returns what is stored, as reading it and as the next holder of its lease find it.
    async fn look(&mut self, store: &str) -> Result<Option<(u64, u64)>, String> {
        let look = async {
            let store: Arc<dyn TokenStore> = open(store).await?;
            // A server may still be at what it was told by the dead; the lease waits for that, and reading does not.
            let mut lease = store.lease(&key()).await?;
            let read = store.load(&key()).await?;
            let (fence, leased) = (lease.fence(), lease.load().await?);
            lease.release().await?;
            Ok((read, fence, leased))
        };
        let found: Result<_, auth_core::Error> = timeout(PATIENCE, look)
            .await
            .map_err(|_| "the lock is stuck".to_owned())?;
        let (read, fence, leased) = found.map_err(|error| format!("it cannot be read: {error}"))?;
        let whole = |record: Record| Ok((number(&record)?, record.version));
        let read: Result<_, String> = read.map(whole).transpose();
        let leased: Result<_, String> = leased.map(whole).transpose();
        let (read, leased) = (read?, leased?);
        if fence <= self.fence || read != leased {
            return Err(format!(
                "read {read:?} and leased {leased:?}, under fence {fence} after {}",
                self.fence
            ));
        }
        self.fence = fence;
        Ok(leased)
    }
}
