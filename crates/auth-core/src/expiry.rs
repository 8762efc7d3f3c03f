//! When a token ends.

use std::time::{Duration, SystemTime};

use crate::{Now, Ticks, clock::nanos};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// The longest lifetime that is believed; a longer one is cut to this, so that no arithmetic can overflow.
pub const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A moment on two clocks; it has come as soon as either clock says so.
///
/// The monotonic clock stops in suspend and the wall clock can be set, so neither alone is enough: trusting the
/// earlier one means that neither can make a token live longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(Ticks);

impl Moment {
    /// The moment that has always come.
    pub(crate) const PAST: Self = Self(Ticks {
        wall: 0,
        monotonic: 0,
    });

    /// The moment that does not come before 2554.
    pub(crate) const NEVER: Self = Self(Ticks {
        wall: u64::MAX,
        monotonic: u64::MAX,
    });

    /// Returns the moment `wait` after `now`, where `wait` is cut to [`MAX_LIFETIME`].
    pub fn after(now: impl Into<Ticks>, wait: Duration) -> Self {
        let wait = nanos(wait.min(MAX_LIFETIME));
        let now = now.into();
        Self(Ticks {
            wall: now.wall.saturating_add(wait),
            monotonic: now.monotonic.saturating_add(wait),
        })
    }

    /// Returns whether the moment has come.
    #[inline]
    pub fn has_come(&self, now: impl Into<Ticks>) -> bool {
        let now = now.into();
        now.monotonic >= self.0.monotonic || now.wall >= self.0.wall
    }

    /// Returns how long it takes until the moment comes, by the clock on which it comes first.
    pub fn left(&self, now: impl Into<Ticks>) -> Duration {
        let now = now.into();
        let wall = self.0.wall.saturating_sub(now.wall);
        Duration::from_nanos(wall.min(self.0.monotonic.saturating_sub(now.monotonic)))
    }

    /// Returns the moment that is `by` earlier.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        let by = nanos(by);
        Self(Ticks {
            wall: self.0.wall.saturating_sub(by),
            monotonic: self.0.monotonic.saturating_sub(by),
        })
    }

    /// Returns the moment that comes as soon as either of the two does, whatever the clocks do.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(Ticks {
            wall: self.0.wall.min(other.0.wall),
            monotonic: self.0.monotonic.min(other.0.monotonic),
        })
    }

    /// Returns the wall-clock side, for records that outlive the process.
    pub fn wall(&self) -> SystemTime {
        let since = Duration::from_nanos(self.0.wall);
        let wall = SystemTime::UNIX_EPOCH.checked_add(since);
        wall.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Returns the monotonic side.
    pub fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.monotonic)
    }
}

/// The life of a token: when it was asked for and how long it lasts from then on.
///
/// # Example
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use auth_core::{Lifetime, Now};
///
/// let asked = Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
/// let life = Lifetime::new(asked, Duration::from_secs(300));
/// assert!(!life.ends().has_come(asked));
///
/// // The machine slept for an hour: the monotonic clock stood still, the wall clock did not.
/// let woken = Now::new(SystemTime::UNIX_EPOCH + Duration::from_secs(3600), Duration::from_secs(1));
/// assert!(life.ends().has_come(woken));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    asked: SystemTime,
    /// By the monotonic clock, in nanoseconds; below zero where it was before that clock began to count.
    since: i64,
    /// In nanoseconds.
    length: u64,
}

impl Lifetime {
    /// Returns a life of `length`, cut to [`MAX_LIFETIME`], counted from when the token was asked for.
    ///
    /// Counting from the request and not from the reply is the careful side: the server starts its own count later.
    pub fn new(asked: Now, length: Duration) -> Self {
        Self {
            asked: asked.wall,
            since: signed(asked.monotonic),
            length: nanos(length.min(MAX_LIFETIME)),
        }
    }

    /// Returns a life of `length` that began at `asked` by the wall clock, as it looks at `now` to a process that may
    /// have begun later. For stores that read a token back.
    ///
    /// Where the wall clock went back since, the life counts from `now`: it is never longer than `length`.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use auth_core::{Lifetime, Now};
    ///
    /// let asked = SystemTime::UNIX_EPOCH;
    /// let now = Now::new(asked + Duration::from_secs(200), Duration::from_secs(1));
    /// let life = Lifetime::restored(asked, Duration::from_secs(300), now);
    /// assert_eq!(life.length(), Duration::from_secs(300));
    /// assert_eq!(life.ends().left(now), Duration::from_secs(100));
    /// ```
    pub fn restored(asked: SystemTime, length: Duration, now: Now) -> Self {
        let passed = now.wall.duration_since(asked).unwrap_or_default();
        Self {
            since: signed(now.monotonic).saturating_sub(signed(passed)),
            ..Self::new(Now::new(asked.min(now.wall), now.monotonic), length)
        }
    }

    /// Returns the reading taken just before the token was asked for.
    pub fn asked(&self) -> Now {
        let since = u64::try_from(self.since).unwrap_or_default();
        Now::new(self.asked, Duration::from_nanos(since))
    }

    /// Returns how long the token lasts.
    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.length)
    }

    /// Returns when the token ends.
    pub fn ends(&self) -> Moment {
        let Moment(mut ends) = Moment::after(self.asked(), self.length());
        ends.monotonic = self.length.saturating_add_signed(self.since);
        Moment(ends)
    }
}

/// Returns nanoseconds. A clock that counts for longer than 292 years counts as one that counts for so long.
fn signed(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
