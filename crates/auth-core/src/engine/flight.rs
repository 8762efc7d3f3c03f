//! The task that obtains a token. It belongs to no caller.

use std::{future::Future, pin::pin, sync::Arc, task::Poll, time::Duration};

use tracing::Instrument;

use crate::{
    Error, ErrorKind, Sent, TokenSet,
    sync::{Handle, once, oneshot},
};

use super::{
    pause,
    shared::Shared,
    state::{Landing, Outcome, State},
    transaction,
};

/// The longest pause between two tries to save. Other processes leave an exchange to us for a while, and no longer.
const SAVE_PAUSE: Duration = Duration::from_secs(10);

/// What a flight is for.
pub(crate) enum Purpose {
    /// Obtain a token; `true` where a person asked for it.
    Renew(bool),
    /// Put a login in place that was obtained elsewhere.
    Login(TokenSet),
}

/// A flight that has its place in the state but no task yet: tasks are spawned outside the lock, because a runtime
/// that is shutting down drops them on the spot.
pub(crate) struct Flight {
    guard: Guard,
    purpose: Purpose,
    runtime: Handle,
    waiters: once::Receiver<Outcome>,
}

impl Flight {
    /// Takes the place of the flight in `state`, which has none. Fails outside a runtime.
    pub(crate) fn prepare(
        shared: &Shared,
        state: &mut State,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|_| no_runtime())?;
        let (outcome, waiters) = once::channel();
        state.flight = Some(waiters.clone());
        Ok(Self {
            waiters,
            guard: Guard(Some((shared.own(), outcome))),
            purpose,
            runtime,
        })
    }

    /// Starts, and returns what its callers wait for. Call it without the lock.
    pub(crate) fn launch(self) -> once::Receiver<Outcome> {
        let Self {
            guard,
            purpose,
            runtime,
            waiters,
        } = self;
        let span = tracing::info_span!("exchange", source = %guard.name());
        runtime.spawn(fly(guard, purpose).instrument(span));
        waiters
    }
}

async fn fly(mut guard: Guard, purpose: Purpose) {
    let Some((shared, _)) = &guard.0 else { return };
    let result = match purpose {
        Purpose::Renew(forced) => transaction::renew(shared, forced).await,
        Purpose::Login(set) => transaction::put(shared, set).await,
    };
    if let Some(saving) = guard.land(result) {
        keep_saving(saving).await;
    }
}

/// Tries to save what could not be saved, until it is or, when the last handle is gone, once more.
async fn keep_saving(saving: Saving) {
    let Saving {
        mut shared,
        mut estate,
    } = saving;
    let mut strikes = 0_u32;
    let mut last = false;
    while !last {
        strikes = strikes.saturating_add(1);
        let pause = pause::backoff(strikes, &shared.policy, pause::random()).min(SAVE_PAUSE);
        let clock = Arc::clone(&shared.clock);
        let wake = clock.monotonic().saturating_add(pause);
        // While the task sleeps it holds nothing, so the source goes with its last handle, and what is left comes here.
        let asleep = Arc::downgrade(&shared);
        drop(shared);
        let told = race(&mut estate, clock.sleep_until(wake)).await;
        let left = match (told, asleep.upgrade()) {
            (Ok(left), _) => left,
            (Err(()), Some(shared)) => Ok(shared),
            // It is going in this very moment.
            (Err(()), None) => (&mut estate).await,
        };
        let Ok(left) = left else { return };
        last = !asleep.ptr_eq(&Arc::downgrade(&left));
        shared = left;
        // A failure is told by whoever could not save, and tried again by the next turn.
        let _ = transaction::save_pending(&shared).await;
        let mut state = shared.lock();
        if state.unsaved().is_none() {
            drop(state.take_heir());
            return;
        }
    }
}

/// What the task needs that saves.
struct Saving {
    shared: Arc<Shared>,
    estate: oneshot::Receiver<Arc<Shared>>,
}

/// Wakes every waiter, whatever becomes of the task.
struct Guard(Option<(Arc<Shared>, once::Sender<Outcome>)>);

impl Guard {
    fn name(&self) -> &str {
        self.0.as_ref().map_or("", |(shared, _)| shared.name())
    }

    /// Returns what is left to do, if this task is to do it.
    fn land(&mut self, result: Result<Landing, Error>) -> Option<Saving> {
        let (shared, outcome) = self.0.take()?;
        let landed = shared.land(result);
        let estate = shared.lock().inherit();
        // The task lets go before anybody hears of it, so that a tenant who is told can be put aside.
        let saving = estate.map(|estate| Saving { shared, estate });
        outcome.send(landed);
        saving
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let panicked = "the exchange panicked; this is a bug in the grant or the store";
            let error = Error::new(ErrorKind::Protocol, panicked);
            drop(self.land(Err(error.with_sent(Sent::Maybe))));
        } else if let Some((shared, outcome)) = self.0.take() {
            let abandoned = shared.abandon();
            drop(shared);
            outcome.send(Err(abandoned));
        }
    }
}

/// Waits for both and returns the outcome of the first one ready, the left one in `Ok`; the other is dropped or, where
/// it was borrowed, left as it is.
pub(crate) async fn race<A: Future, B: Future>(left: A, right: B) -> Result<A::Output, B::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = left.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        right.as_mut().poll(cx).map(Err)
    })
    .await
}

/// Gives `work` so long; it is dropped when the time is over.
pub(crate) async fn within<T>(
    shared: &Shared,
    limit: Duration,
    sent: Sent,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let deadline = shared.clock.monotonic().saturating_add(limit);
    race(work, shared.clock.sleep_until(deadline))
        .await
        .unwrap_or_else(|()| Err(timed_out(sent)))
}

pub(crate) fn timed_out(sent: Sent) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the exchange took longer than the policy's exchange_timeout",
    )
    .with_sent(sent)
}

pub(crate) fn no_runtime() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "no token is held and none can be obtained here: call from within a Tokio runtime",
    )
}
