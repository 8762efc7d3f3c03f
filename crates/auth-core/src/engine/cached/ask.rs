//! Asking the rule, on behalf of a caller.

use std::sync::Arc;

use crate::{
    Error, Held, Peek, Token,
    engine::{
        decide::{Verdict, decide},
        flight::{Flight, Purpose},
        state::{Outcome, View},
    },
    sync::{atomic::Ordering, watch},
};

use super::{Handle, launch, lost};

impl Handle {
    /// Returns the token, or the flight to wait for.
    pub(super) fn enter(&self) -> Result<Result<Token, watch::Receiver<Outcome>>, Error> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let mut state = shared.lock();
        let verdict = decide(&state.facts(), now);
        let held = state.token().cloned();
        match (verdict, held) {
            (Verdict::Serve(_), Some(token)) => Ok(Ok(token)),
            (Verdict::Renew, Some(token)) => {
                // Without a runtime there is no renewal, but the token is as good as it was.
                if let Ok(flight) = Flight::prepare(shared, &mut state, Purpose::Renew(false)) {
                    launch(state, flight);
                }
                Ok(Ok(token))
            }
            (Verdict::Fail, _) => Err(state.failure.clone().unwrap_or_else(lost)),
            _ => match &state.flight {
                Some(flight) => Ok(Err(flight.clone())),
                None => {
                    let flight = Flight::prepare(shared, &mut state, Purpose::Renew(false))?;
                    Ok(Err(launch(state, flight)))
                }
            },
        }
    }

    /// Asks the rule what a look may do.
    pub(super) fn look(&self, held: &mut Held, version: u64) -> Peek {
        let shared = &self.shared;
        let now = shared.clock.now();
        let mut state = shared.lock();
        let verdict = decide(&state.facts(), now);
        let Some(token) = state.token().cloned() else {
            return Peek::Absent;
        };
        match verdict {
            Verdict::Serve(until) => {
                held.keep(&token, version, until);
                let view = View {
                    token,
                    version,
                    until,
                };
                // Under the lock, so that no older view can replace a newer one.
                if version == shared.version.load(Ordering::Acquire) {
                    shared.view.store(Some(Arc::new(view)));
                }
                Peek::Ready
            }
            Verdict::Renew => {
                // Good for this request only: the next look asks again.
                held.keep(&token, 0, None);
                let claimed = state
                    .claimed_until
                    .is_some_and(|until| now.monotonic < until);
                if claimed {
                    return Peek::Ready;
                }
                let step = shared.policy.backoff_initial;
                state.claimed_until = Some(now.monotonic.saturating_add(step));
                Peek::Renew
            }
            Verdict::Wait | Verdict::Start | Verdict::Fail => Peek::Absent,
        }
    }
}
