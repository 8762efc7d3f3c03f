//! Where time comes from.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime},
};

/// The future of [`Clock::sleep_until`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The only source of time: every expiry, wait and timeout of the engine goes through it.
///
/// Implementors: `monotonic` never goes back; `wall` may jump either way. `sleep_until` completes at or after the
/// deadline, never before, and can be dropped at any time.
pub trait Clock: Send + Sync {
    /// Returns the time of day, as the machine believes it to be.
    fn wall(&self) -> SystemTime;

    /// Returns the time since a fixed point of this clock's choosing.
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

/// The machine's clock, with waits on Tokio's timer.
///
/// `sleep_until` must be polled within a Tokio runtime that has its timer enabled.
#[derive(Clone, Copy, Default)]
pub struct SystemClock(());

/// One zero for the whole process: a token's lifetime may be read by another source than the one that asked for it.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

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
        ORIGIN.elapsed()
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let left = deadline.saturating_sub(self.monotonic());
        // Made on first poll: `tokio::time::sleep` panics outside a runtime, and a constructor must not.
        Box::pin(async move { tokio::time::sleep(left).await })
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
        }
    )*};
}

forward!(Arc<C>, Box<C>);
