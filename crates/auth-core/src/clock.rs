//! Where time comes from.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime},
};

#[cfg(test)]
mod tests;

/// The future of [`Clock::sleep_until`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The only source of time: every expiry, wait and timeout of the engine goes through it.
///
/// Implementors: `monotonic` never goes back; `wall` may jump either way. `sleep_until` completes at or after the
/// deadline, never before, and can be dropped at any time.
pub trait Clock: Send + Sync {
    /// Returns the time of day, as the machine believes it to be.
    fn wall(&self) -> SystemTime;

    /// Returns the time since a fixed point of this clock's choosing, which is less than 292 years ago.
    fn monotonic(&self) -> Duration;

    /// Returns a future that completes when [`monotonic`](Self::monotonic) reaches `deadline`.
    fn sleep_until(&self, deadline: Duration) -> Sleep;

    /// Reads both clocks.
    fn now(&self) -> Now {
        Now {
            wall: self.wall(),
            monotonic: self.monotonic(),
        }
    }

    /// Reads both clocks at less cost where the machine can. The reading may be some milliseconds behind
    /// [`now`](Self::now), and is never ahead of it. Each request looks at the time this way.
    fn coarse(&self) -> Ticks {
        self.now().into()
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// The time of day.
    pub wall: SystemTime,
    /// The time since the clock's own fixed point.
    pub monotonic: Duration,
}

impl Now {
    /// Puts two readings together.
    pub fn new(wall: SystemTime, monotonic: Duration) -> Self {
        Self { wall, monotonic }
    }
}

/// One reading of both clocks in nanoseconds, to be compared at no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    pub(crate) wall: u64,
    pub(crate) monotonic: u64,
}

impl Ticks {
    /// Puts two readings together: the time since 1970, and the time since the clock's own fixed point.
    #[inline]
    pub fn new(wall: Duration, monotonic: Duration) -> Self {
        Self {
            wall: nanos(wall),
            monotonic: nanos(monotonic),
        }
    }
}

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What is before 1970 or after 2554 counts as the first or the last moment in between.
impl From<Now> for Ticks {
    fn from(now: Now) -> Self {
        let wall = now.wall.duration_since(SystemTime::UNIX_EPOCH);
        Self::new(wall.unwrap_or_default(), now.monotonic)
    }
}

/// The machine's clock, with waits on Tokio's timer.
///
/// `sleep_until` must be polled within a Tokio runtime that has its timer enabled.
#[derive(Clone, Copy, Default)]
pub struct SystemClock(());

/// One zero for the whole process: a token's lifetime may be read by another source than the one that asked for it.
///
/// Beside it stands what the clock of the ticks showed just after, so that a reading by ticks is never ahead.
static ORIGIN: LazyLock<(Instant, Option<u64>)> = LazyLock::new(|| {
    let origin = Instant::now();
    (origin, ticks::monotonic())
});

impl SystemClock {
    /// Returns the machine's clock. All readings of one process count from the same instant.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        ORIGIN.0.elapsed()
    }

    #[inline]
    fn coarse(&self) -> Ticks {
        ticks::now().unwrap_or_else(|| self.now().into())
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let left = deadline.saturating_sub(self.monotonic());
        // Made on first poll: `tokio::time::sleep` panics outside a runtime, and a constructor must not.
        Box::pin(async move { tokio::time::sleep(left).await })
    }
}

/// The clocks as they stood at the kernel's last tick, which take a fifth of the time to read.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod ticks {
    use nix::time::{ClockId, clock_gettime};

    use super::{ORIGIN, Ticks};

    #[inline]
    pub(super) fn now() -> Option<Ticks> {
        let since = ORIGIN.1?;
        let monotonic = read(ClockId::CLOCK_MONOTONIC_COARSE)?;
        Some(Ticks {
            wall: read(ClockId::CLOCK_REALTIME_COARSE)?,
            monotonic: monotonic.saturating_sub(since),
        })
    }

    pub(super) fn monotonic() -> Option<u64> {
        read(ClockId::CLOCK_MONOTONIC)
    }

    /// Returns nanoseconds; nothing for a time before 1970 or after 2554.
    #[inline]
    fn read(clock: ClockId) -> Option<u64> {
        let time = clock_gettime(clock).ok()?;
        // How wide these are depends on the machine.
        let seconds = u64::try_from(time.tv_sec()).ok()?;
        let rest = u64::try_from(time.tv_nsec()).ok()?;
        seconds.checked_mul(1_000_000_000)?.checked_add(rest)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod ticks {
    pub(super) fn now() -> Option<super::Ticks> {
        None
    }

    pub(super) fn monotonic() -> Option<u64> {
        None
    }
}

impl fmt::Debug for SystemClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemClock")
    }
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<C: Clock + ?Sized> Clock for $kind {
            fn wall(&self) -> SystemTime {
                (**self).wall()
            }

            fn monotonic(&self) -> Duration {
                (**self).monotonic()
            }

            fn sleep_until(&self, deadline: Duration) -> Sleep {
                (**self).sleep_until(deadline)
            }

            fn now(&self) -> Now {
                (**self).now()
            }

            fn coarse(&self) -> Ticks {
                (**self).coarse()
            }
        }
    )*};
}

forward!(Arc<C>, Box<C>);
