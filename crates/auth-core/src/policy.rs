//! When to renew, how long to wait, what to do when saving fails.

use std::time::Duration;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// A length of time that is the smaller of a fixed one and a fraction of a token's lifetime.
///
/// The fraction keeps a margin meant for tokens of an hour from eating one of five minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Margin {
    /// The fixed length, in seconds where it is read from configuration.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub time: Duration,
    /// The fraction of the lifetime, from 0 to 1.
    pub fraction: f64,
}

impl Margin {
    /// Puts the two together. A fraction that is not a number from 0 to 1 is moved to the nearer end.
    pub const fn new(time: Duration, fraction: f64) -> Self {
        Self { time, fraction }
    }

    /// Returns the margin for a token that lasts `lifetime`.
    pub fn of(&self, lifetime: Duration) -> Duration {
        self.time.min(part(lifetime, self.fraction))
    }
}

/// Returns `fraction` of `length`, which is never more than the length itself. A fraction that is not a number from 0
/// to 1 is moved to the nearer end, and what is no number at all is 0.
pub(crate) fn part(length: Duration, fraction: f64) -> Duration {
    let fraction = if fraction.is_nan() {
        0.0
    } else {
        fraction.clamp(0.0, 1.0)
    };
    // The longest length rounds up to what no length can hold.
    let part = Duration::try_from_secs_f64(length.as_secs_f64() * fraction);
    part.map_or(length, |part| part.min(length))
}

/// What to do with a new login that the store did not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum OnStoreFailure {
    /// Give no token out until the login is saved. The login is kept in memory and its saving is tried again, never
    /// its exchange.
    #[default]
    FailClosed,
    /// Serve the new token from memory and keep trying to save. Where the store cannot even be locked, the exchange is made
    /// without it: two processes may then spend one refresh token. For grants that do not rotate, or one process alone.
    Serve,
}

/// What to do with a stored login that the server refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum OnRefusedLogin {
    /// Remove it, if it is still the one refused: a spent refresh token helps nobody.
    #[default]
    Remove,
    /// Keep it: for providers whose refusal may mean something else, such as a wrong client secret.
    Keep,
}

/// How the engine behaves. Each default says why.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use auth_core::Policy;
///
/// let mut policy = Policy::default();
/// policy.exchange_timeout = Duration::from_secs(10);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Policy {
    /// How long before its end a token is renewed beside its use. The smaller of 5 min and 20 %: a slow or failing
    /// endpoint has that long before anybody notices.
    pub advisory: Margin,
    /// How long before its end a token is used no more. The smaller of 30 s and 5 %: a request sent now must arrive
    /// and be checked before the token ends, on a clock that may differ.
    pub mandatory: Margin,
    /// How much earlier a renewal may start, as a fraction of the advisory margin, chosen at random for each token.
    /// 0.1: enough to keep replicas that started together from asking together.
    pub jitter: f64,
    /// The pause after a first failure; it doubles with each further one, and a random part of it is taken. 1 s:
    /// short enough for a hiccup.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub backoff_initial: Duration,
    /// The longest pause, and the pause after a refusal that waiting cannot mend. 5 min: an endpoint that comes back
    /// is found within that time, or when the token held comes into its last window, or ends, if that is sooner. Only a
    /// `Retry-After` is obeyed beyond that.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub backoff_max: Duration,
    /// The longest `Retry-After` that is obeyed. 10 min: a mistaken header must not stop a service for a day.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub retry_after_max: Duration,
    /// How long each step of an exchange may take: the wait for the store, that for a place of an
    /// [`ExchangeLimit`](crate::ExchangeLimit), the exchange itself, the save. 30 s: longer than any healthy endpoint or
    /// store needs.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub exchange_timeout: Duration,
    /// The least time between two exchanges that nobody forced. The smaller of 1 s and 10 %: servers that hand out
    /// nearly ended tokens must not be asked in a loop.
    pub minimum_interval: Margin,
    /// How many renewals refusals may force in a row. 5: beyond that, the token is not what is wrong.
    pub forced_burst: u32,
    /// How long until one more forced renewal is allowed. 1 s: a token that dies every second is still replaced.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub forced_refill: Duration,
    /// How long a begun exchange of another process is left to it, from when its note in the store was first seen. 60 s:
    /// an exchange may take 30 s, one that could not be saved is tried again within 20 s, and sending its refresh token
    /// a second time would end a login that is not lost. A lock that ends with its process does not tell: that process
    /// may have lost the store alone. Keep it above `exchange_timeout`, a third of that for a try to save, and 10 s. A
    /// note that is 10 min old by the wall clock counts as left behind in any case.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "seconds"))]
    pub abandoned_after: Duration,
    /// What to do when a new login cannot be saved. Fail closed: an unsaved rotated login is lost with the process.
    pub on_store_failure: OnStoreFailure,
    /// What to do with a login that the server refused. Remove it, as RFC 6749 §5.2 leaves no use for it.
    pub on_refused_login: OnRefusedLogin,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            advisory: Margin::new(Duration::from_secs(5 * 60), 0.2),
            mandatory: Margin::new(Duration::from_secs(30), 0.05),
            jitter: 0.1,
            backoff_initial: Duration::from_secs(1),
            backoff_max: Duration::from_secs(5 * 60),
            retry_after_max: Duration::from_secs(10 * 60),
            exchange_timeout: Duration::from_secs(30),
            minimum_interval: Margin::new(Duration::from_secs(1), 0.1),
            forced_burst: 5,
            forced_refill: Duration::from_secs(1),
            abandoned_after: Duration::from_secs(60),
            on_store_failure: OnStoreFailure::default(),
            on_refused_login: OnRefusedLogin::default(),
        }
    }
}

/// Reads a number of seconds; one that is no length of time is an error.
#[cfg(feature = "serde")]
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    use serde::{Deserialize, de::Error};
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?)
        .map_err(|_| D::Error::custom("expected a number of seconds that is not negative"))
}
