//! What there is to remember about a store.

use std::{sync::Arc, time::Duration};

use crate::{Intent, Secret, TokenSet, engine::shared::Shared, sync::oneshot};

use super::State;

/// What a source knows of the store, and the store not of it.
#[derive(Default)]
pub(super) struct Ledger {
    /// The store's version of the set held.
    stored: Option<u64>,
    unsaved: Option<Box<Unsaved>>,
    /// The fences under which this process noted that an exchange begins: of the note that was last found in the store,
    /// and of the one made after it, which may have got there or not.
    noted: Vec<u64>,
    /// The note of another process, and when it was first seen.
    theirs: Option<Box<(Intent, Duration)>>,
    /// Who tries to save, and gets what is left when the last handle is gone.
    heir: Option<oneshot::Sender<Arc<Shared>>>,
}

/// A set that waits to be saved.
#[derive(Clone)]
pub(crate) struct Unsaved {
    pub(crate) set: TokenSet,
    pub(crate) over: Over,
    /// The refresh token that was spent for it.
    pub(crate) spent: Option<Secret>,
    /// Tells this set from one that takes its place while it is being saved.
    pub(crate) ticket: u64,
}

/// What a set may be saved over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The record of this version, or none. Whoever came between holds the newer login.
    Version(Option<u64>),
    /// Whatever is there: a person authorized anew.
    Anything,
}

impl State {
    fn ledger(&mut self) -> &mut Ledger {
        self.ledger.get_or_insert_default()
    }

    /// Returns the store's version of the set held.
    pub(crate) fn stored(&self) -> Option<u64> {
        self.ledger.as_ref()?.stored
    }

    pub(crate) fn note_stored(&mut self, version: Option<u64>) {
        if version != self.stored() {
            self.ledger().stored = version;
        }
    }

    pub(crate) fn unsaved(&self) -> Option<&Unsaved> {
        self.ledger.as_ref()?.unsaved.as_deref()
    }

    /// Gives access to the set that waits to be saved, to put one there or take it away.
    pub(crate) fn unsaved_mut(&mut self) -> &mut Option<Box<Unsaved>> {
        &mut self.ledger().unsaved
    }

    /// Returns whether this process noted under `fence` that an exchange begins.
    pub(crate) fn has_noted(&self, fence: u64) -> bool {
        let ledger = self.ledger.as_ref();
        ledger.is_some_and(|ledger| ledger.noted.contains(&fence))
    }

    /// Notes the fence of a note that is about to be made after `found`, the one in the store. Of ours only that one is
    /// stored, and it stays ours where the next one does not get there.
    pub(crate) fn note(&mut self, fence: u64, found: Option<u64>) {
        let noted = &mut self.ledger().noted;
        noted.retain(|fence| found == Some(*fence));
        noted.push(fence);
    }

    /// Notes that the note of another process was seen at the monotonic time `now`, and returns when it was first.
    pub(crate) fn see(&mut self, theirs: &Intent, now: Duration) -> Duration {
        let seen = &mut self.ledger().theirs;
        let since = match seen.as_deref() {
            Some((seen, since)) if seen == theirs => *since,
            _ => now,
        };
        *seen = Some(Box::new((theirs.clone(), since)));
        since
    }

    /// Takes the place of the one task that saves, if there is something to save and the place is free. A task that was
    /// dropped with its runtime has left it.
    pub(crate) fn inherit(&mut self) -> Option<oneshot::Receiver<Arc<Shared>>> {
        let ledger = self.ledger.as_mut()?;
        let taken = ledger.heir.as_ref().is_some_and(|heir| !heir.is_closed());
        if ledger.unsaved.is_none() || taken {
            return None;
        }
        let (heir, estate) = oneshot::channel();
        ledger.heir = Some(heir);
        Some(estate)
    }

    /// Leaves that place. Under the lock under which nothing was left to save: whoever cannot save from here on finds it
    /// free.
    pub(crate) fn take_heir(&mut self) -> Option<oneshot::Sender<Arc<Shared>>> {
        self.ledger.as_mut()?.heir.take()
    }
}
