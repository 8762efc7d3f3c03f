//! A store as plainly as it can be said, and real stores beside it.

mod faults;
mod history;

use auth_core::{Error, Intent, Lease, Record, Secret, store::CONFLICT};

use super::{StoreFixture, changes::login};
use crate::contract::clause::Clause;

pub(super) async fn run(fixture: &StoreFixture) {
    faults::run(fixture).await;
    history::run(fixture).await;
}

/// What is kept under one key.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    record: Option<Kept>,
    /// The highest version so far.
    last: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    refresh: String,
    version: u64,
    intent: Option<Intent>,
}

/// A change of what is kept.
#[derive(Clone, Debug)]
enum Change {
    Save(Option<u64>, String),
    Begin(u64, Intent),
    Settle(u64),
    Remove(u64),
}

impl Model {
    /// Returns the model after the change, or `None` where the store must call it a conflict. A save has `version`.
    fn after(&self, change: &Change, version: u64) -> Option<Self> {
        let stored = self.record.as_ref().map(|kept| kept.version);
        let expected = match change {
            Change::Save(expected, _) => *expected,
            Change::Begin(expected, _) | Change::Settle(expected) | Change::Remove(expected) => {
                Some(*expected)
            }
        };
        if stored != expected {
            return None;
        }
        let mut after = self.clone();
        let kept = after.record.take();
        after.record = match change {
            Change::Save(_, refresh) => {
                after.last = version;
                Some(Kept {
                    refresh: refresh.clone(),
                    version,
                    intent: None,
                })
            }
            Change::Begin(_, intent) => kept.map(|kept| Kept {
                intent: Some(intent.clone()),
                ..kept
            }),
            Change::Settle(_) => kept.map(|kept| Kept {
                intent: None,
                ..kept
            }),
            Change::Remove(_) => None,
        };
        Some(after)
    }

    /// Returns whether this is what a store has loaded.
    fn is(&self, found: Option<&Record>) -> bool {
        let found = found.map(|record| Kept {
            refresh: record
                .set
                .refresh()
                .map(Secret::expose)
                .unwrap_or_default()
                .to_owned(),
            version: record.version,
            intent: record.intent.clone(),
        });
        self.record == found
    }
}

/// Makes a change through a lease, and returns the version that a save has, or zero.
async fn make(lease: &mut dyn Lease, change: &Change) -> Result<u64, Error> {
    match change {
        Change::Save(expected, refresh) => lease.save(*expected, &login(refresh)).await,
        Change::Begin(expected, intent) => lease.begin(*expected, intent).await.map(|()| 0),
        Change::Settle(expected) => lease.settle(*expected).await.map(|()| 0),
        Change::Remove(expected) => lease.remove(*expected).await.map(|()| 0),
    }
}

/// Makes a change in the store and in the model, which must agree on what comes of it.
async fn agree(clause: Clause, lease: &mut dyn Lease, model: &mut Model, change: &Change) {
    let outcome = make(lease, change).await;
    let version = *outcome.as_ref().unwrap_or(&0);
    match (model.after(change, version), outcome) {
        (Some(after), Ok(_)) => {
            let moved = !matches!(change, Change::Save(..)) || version > model.last;
            clause.holds(moved, format_args!("version {version} after {model:?}"));
            *model = after;
        }
        (None, Err(error)) if error.code() == Some(CONFLICT) => {}
        (expected, outcome) => {
            let due = if expected.is_some() {
                "done"
            } else {
                "refused"
            };
            let was = match outcome {
                Ok(_) => "was done".to_owned(),
                Err(error) => format!("failed: {error}"),
            };
            clause.broken(format_args!(
                "{change:?} was to be {due} on {model:?}, and {was}"
            ));
        }
    }
}
