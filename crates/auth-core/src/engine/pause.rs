//! Pauses between attempts, and how many attempts refusals may force.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::{Error, ErrorKind, Policy, policy::part};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// Returns a random number from 0 to 1. Its source is the standard library's hash seed: good enough to keep replicas
/// apart, and no secret depends on it.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// Returns the pause after the `strikes`-th failure in a row (1 is the first). `random` is from 0 to 1.
pub(crate) fn backoff(strikes: u32, policy: &Policy, random: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(strikes.saturating_sub(1));
    let step = policy
        .backoff_initial
        .saturating_mul(doubled)
        .min(policy.backoff_max);
    // Full jitter, but for a tenth: a pause of nothing would be no pause.
    let least = part(step, 0.1);
    least.saturating_add(part(step - least, random))
}

/// Returns the pause after `error`, the `strikes`-th failure in a row. Where the token held comes into its next window
/// within `window`, it is tried again by then; but an answer that asks for longer is obeyed.
pub(crate) fn after_failure(
    error: &Error,
    strikes: u32,
    policy: &Policy,
    window: Option<Duration>,
    random: f64,
) -> Duration {
    let pause = match error.kind() {
        // Waiting does not mend these, so ask as seldom as the policy allows.
        ErrorKind::LoginRequired | ErrorKind::Configuration => policy.backoff_max,
        ErrorKind::Unavailable | ErrorKind::OutcomeUnknown | ErrorKind::Protocol => {
            let pause = backoff(strikes, policy, random);
            window.map_or(pause, |left| pause.min(left.max(policy.backoff_initial)))
        }
    };
    let asked = error.retry_after().unwrap_or_default();
    pause.max(asked.min(policy.retry_after_max))
}

/// A bucket of permits, refilled over time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    permits: u32,
    refilled: Duration,
}

impl Bucket {
    pub(crate) fn full(policy: &Policy, now: Duration) -> Self {
        Self {
            permits: policy.forced_burst,
            refilled: now,
        }
    }

    /// Takes a permit, if there is one at the monotonic time `now`.
    pub(crate) fn take(&mut self, policy: &Policy, now: Duration) -> bool {
        let each = policy.forced_refill.max(Duration::from_millis(1));
        let due = now.saturating_sub(self.refilled).as_nanos() / each.as_nanos();
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        self.permits = self.permits.saturating_add(due).min(policy.forced_burst);
        self.refilled = if self.permits == policy.forced_burst {
            now
        } else {
            self.refilled.saturating_add(each.saturating_mul(due))
        };
        let Some(left) = self.permits.checked_sub(1) else {
            return false;
        };
        self.permits = left;
        true
    }
}
