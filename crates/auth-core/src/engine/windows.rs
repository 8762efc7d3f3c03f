//! The windows of a token's life.

use crate::{Lifetime, Moment, Now, Policy, policy::part};

#[cfg(test)]
mod properties;

/// When a token should be renewed, when it must be, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) advisory: Moment,
    pub(crate) mandatory: Moment,
    pub(crate) ends: Moment,
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
            let once = Moment::after(landed, policy.minimum_interval.time);
            return Self {
                advisory: once,
                mandatory: once,
                ends: once,
            };
        }
        let length = lifetime.length();
        let advisory = policy.advisory.of(length);
        let mandatory = policy.mandatory.of(length);
        let early = part(advisory, policy.jitter * jitter);
        Self {
            advisory: ends.earlier(advisory.max(mandatory).saturating_add(early)),
            mandatory: ends.earlier(mandatory),
            ends,
        }
    }
}
