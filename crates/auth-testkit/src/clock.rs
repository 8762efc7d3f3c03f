//! A clock that a test moves by hand.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use auth_core::{Clock, Now, Sleep};
use tokio::sync::Notify;

/// Where the wall clock starts: 2031-03-17T17:41:51Z, in seconds since 1970.
const START: Duration = Duration::from_secs(1_931_535_711);

/// A clock that stands still until a test moves it; clones share the time.
///
/// It has nothing to do with the timer of the runtime, so real sockets work beside it. The wall clock starts at
/// 2031-03-17T17:41:51Z and the monotonic clock at zero.
///
/// A sleeper counts from its first poll until it is woken or dropped. Before the time is moved, wait with
/// [`until_sleepers`](Self::until_sleepers) for the code under test to fall asleep; otherwise it may not have looked
/// at the clock yet, and sleeps from the new time on.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use auth_core::Clock;
/// use auth_testkit::ManualClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = ManualClock::new();
/// let nap = tokio::spawn(clock.sleep_until(Duration::from_secs(3600)));
/// clock.until_sleepers(1).await;
/// assert_eq!(clock.next_deadline(), Some(Duration::from_secs(3600)));
/// clock.advance(Duration::from_secs(3600));
/// nap.await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Shared>);

struct Shared {
    time: Mutex<Time>,
    /// Rung when somebody falls asleep.
    asleep: Notify,
}

struct Time {
    now: Now,
    sleepers: BTreeMap<u64, (Duration, Waker)>,
    next_id: u64,
}

impl ManualClock {
    /// Returns a clock at its starting time.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            time: Mutex::new(Time {
                now: Now::new(SystemTime::UNIX_EPOCH + START, Duration::ZERO),
                sleepers: BTreeMap::new(),
                next_id: 0,
            }),
            asleep: Notify::new(),
        }))
    }

    /// Moves both clocks forward and wakes whoever is due.
    ///
    /// # Panics
    ///
    /// Where a clock would leave its range.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut time = self.0.lock();
            time.now = Now::new(time.now.wall + by, time.now.monotonic + by);
            time.take_due()
        };
        // Outside the lock: a waker may run code of the runtime, or drop a task that sleeps on this very clock.
        due.into_iter().for_each(Waker::wake);
    }

    /// Lets the machine sleep: the wall clock moves forward, the monotonic clock stands still and wakes nobody.
    ///
    /// # Panics
    ///
    /// Where the wall clock would leave its range.
    pub fn suspend(&self, by: Duration) {
        self.advance_wall_only(by);
    }

    /// Sets the wall clock forward, as an administrator or a time server does.
    ///
    /// # Panics
    ///
    /// Where the wall clock would leave its range.
    pub fn advance_wall_only(&self, by: Duration) {
        self.0.lock().now.wall += by;
    }

    /// Sets the wall clock back, as an administrator or a time server does.
    ///
    /// # Panics
    ///
    /// Where the wall clock would leave its range.
    pub fn turn_wall_back(&self, by: Duration) {
        self.0.lock().now.wall -= by;
    }

    /// Sets the wall clock to `wall`, before or after what it shows.
    pub fn set_wall(&self, wall: SystemTime) {
        self.0.lock().now.wall = wall;
    }

    /// Returns how many sleepers wait for this clock.
    pub fn sleepers(&self) -> usize {
        self.0.lock().sleepers.len()
    }

    /// Returns when the next sleeper is due, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines().into_iter().next()
    }

    /// Returns when each sleeper is due, on the monotonic clock, the next one first.
    pub fn deadlines(&self) -> Vec<Duration> {
        let time = self.0.lock();
        let mut deadlines: Vec<_> = time.sleepers.values().map(|(due, _)| *due).collect();
        deadlines.sort_unstable();
        deadlines
    }

    /// Waits, in no time of this clock, until at least `count` sleepers wait for it.
    ///
    /// # Cancellation
    ///
    /// Safe: waiting changes nothing.
    pub async fn until_sleepers(&self, count: usize) {
        self.until(|deadlines| deadlines.len() >= count).await;
    }

    /// Waits, in no time of this clock, until somebody sleeps until `deadline` on the monotonic clock.
    ///
    /// # Cancellation
    ///
    /// Safe: waiting changes nothing.
    pub async fn until_deadline(&self, deadline: Duration) {
        self.until(|deadlines| deadlines.contains(&deadline)).await;
    }

    async fn until(&self, reached: impl Fn(&[Duration]) -> bool + Send) {
        loop {
            let mut asleep = std::pin::pin!(self.0.asleep.notified());
            // Listen first and look afterwards, or a sleeper that comes in between goes unheard.
            asleep.as_mut().enable();
            if reached(&self.deadlines()) {
                return;
            }
            asleep.await;
        }
    }
}

impl Shared {
    /// Nothing that is done under this lock leaves the time half moved, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Time {
    fn take_due(&mut self) -> Vec<Waker> {
        let now = self.now.monotonic;
        let mut due = Vec::new();
        self.sleepers.retain(|_, (deadline, waker)| {
            let sleeps_on = *deadline > now;
            if !sleeps_on {
                due.push(waker.clone());
            }
            sleeps_on
        });
        due
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.now().wall
    }

    fn monotonic(&self) -> Duration {
        self.now().monotonic
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        Box::pin(Sleeper {
            clock: Arc::clone(&self.0),
            deadline,
            id: None,
        })
    }

    /// Reads both clocks at once, so that no reading falls between the two halves of a move.
    fn now(&self) -> Now {
        self.0.lock().now
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.now();
        f.debug_struct("ManualClock")
            .field("wall", &now.wall)
            .field("monotonic", &now.monotonic)
            .field("deadlines", &self.deadlines())
            .finish()
    }
}

struct Sleeper {
    clock: Arc<Shared>,
    deadline: Duration,
    id: Option<u64>,
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let replaced = {
            let mut time = this.clock.lock();
            if time.now.monotonic >= this.deadline {
                return Poll::Ready(());
            }
            let id = *this.id.get_or_insert_with(|| {
                time.next_id += 1;
                time.next_id
            });
            let sleeper = (this.deadline, cx.waker().clone());
            time.sleepers.insert(id, sleeper)
        };
        drop(replaced);
        this.clock.asleep.notify_waiters();
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let gone = self.clock.lock().sleepers.remove(&id);
            // The waker goes after the lock: dropping it may drop a task that sleeps on this very clock.
            drop(gone);
        }
    }
}

#[cfg(test)]
mod tests;
