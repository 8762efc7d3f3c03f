//! Asking the rule, on behalf of a caller.

use crate::{
    Error, Held, Moment, Now, Peek, Token,
    engine::{
        decide::{Verdict, decide},
        flight::{Flight, Purpose},
        shared::Shared,
        state::{Outcome, State},
    },
    sync::{atomic::Ordering, once},
};

use super::{launch, lost};

impl Shared {
    /// Returns the token, or the flight to wait for.
    pub(super) fn enter(&self) -> Result<Result<Token, once::Receiver<Outcome>>, Error> {
        let now = self.clock.now();
        let mut state = self.lock();
        let verdict = decide(&state.facts(), now);
        let held = state.token().cloned();
        match (verdict, held) {
            (Verdict::Serve(_), Some(token)) => Ok(Ok(token)),
            (Verdict::Renew, Some(token)) => {
                // Without a runtime there is no renewal, but the token is as good as it was.
                if let Ok(flight) = Flight::prepare(self, &mut state, Purpose::Renew(false)) {
                    launch(state, flight);
                }
                Ok(Ok(token))
            }
            (Verdict::Fail, _) => Err(state.failure.clone().unwrap_or_else(lost)),
            _ => match &state.flight {
                Some(flight) => Ok(Err(flight.clone())),
                None => {
                    let flight = Flight::prepare(self, &mut state, Purpose::Renew(false))?;
                    Ok(Err(launch(state, flight)))
                }
            },
        }
    }

    /// Looks for a token that only the rule can say may be used.
    pub(super) fn look(&self, held: &mut Held) -> Peek {
        let now = self.clock.now();
        let (answer, token, version, until) = {
            let mut state = self.lock();
            let answer = self.ask(&mut state, now);
            let Some(token) = state.token().filter(|_| answer != Peek::Absent) else {
                return Peek::Absent;
            };
            let version = self.version.load(Ordering::Relaxed);
            (answer, token.clone(), version, state.until)
        };
        held.put(token, version, Some(until));
        answer
    }

    /// Asks the rule what a look may do, and notes for how long that holds.
    fn ask(&self, state: &mut State, now: Now) -> Peek {
        if state.ready(now).is_some() {
            // Another look was first, and was told to renew if anybody is.
            return Peek::Ready;
        }
        let mut facts = state.facts();
        let mut verdict = decide(&facts, now);
        let mut answer = Peek::Ready;
        if verdict == Verdict::Renew {
            // One look is told. The others go on with the token as in a pause of one step; then one is told again.
            let step = self.policy.backoff_initial;
            facts.retry_at = Some(now.monotonic.saturating_add(step));
            verdict = decide(&facts, now);
            answer = Peek::Renew;
        }
        state.until = match verdict {
            Verdict::Serve(until) => until.unwrap_or(Moment::NEVER),
            // For this request alone.
            Verdict::Renew => Moment::PAST,
            Verdict::Wait | Verdict::Start | Verdict::Fail => return Peek::Absent,
        };
        answer
    }
}
