//! The windows of a token's life.

use std::time::Duration;

use crate::{Lifetime, Moment, Now, Policy, clock::nanos, policy::part};

#[cfg(test)]
mod properties;

/// When a token should be renewed, when it must be, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) ends: Moment,
    /// In nanoseconds before the end, as the next one: there may be a million of these.
    advisory: u64,
    mandatory: u64,
}

impl Windows {
    /// Returns the windows of a token that an exchange brought at `landed`, or that was obtained earlier. `jitter` is a
    /// random number from 0 to 1; it moves the renewal earlier and never later.
    pub(crate) fn new(
        lifetime: Lifetime,
        landed: Option<Now>,
        policy: &Policy,
        jitter: f64,
    ) -> Self {
        let ends = lifetime.ends();
        if let Some(landed) = landed.filter(|landed| ends.has_come(*landed)) {
            // It ended before it came: a lifetime of 0, or a slow reply. Use it once and see, but do not ask for the
            // next one at once.
            return Self {
                ends: Moment::after(landed, policy.minimum_interval.time),
                advisory: 0,
                mandatory: 0,
            };
        }
        let length = lifetime.length();
        let advisory = policy.advisory.of(length);
        let mandatory = policy.mandatory.of(length);
        let early = part(advisory, policy.jitter * jitter);
        Self {
            ends,
            advisory: nanos(advisory.max(mandatory).saturating_add(early)),
            mandatory: nanos(mandatory),
        }
    }

    /// Returns when the token should be renewed beside its use.
    pub(crate) fn advisory(&self) -> Moment {
        self.ends.earlier(Duration::from_nanos(self.advisory))
    }

    /// Returns when the token must be renewed, and is used no more if it can be.
    pub(crate) fn mandatory(&self) -> Moment {
        self.ends.earlier(Duration::from_nanos(self.mandatory))
    }
}
