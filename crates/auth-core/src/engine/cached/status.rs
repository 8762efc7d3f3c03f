//! What a source says about itself.

use crate::{
    State, Status, Token,
    engine::{
        decide::{Verdict, decide},
        shared::Shared,
    },
};

pub(super) fn of(shared: &Shared) -> Status {
    let now = shared.clock.now();
    let held = shared.read();
    let verdict = decide(&held.facts(), now);
    let state = match verdict {
        _ if held.token().is_none() && held.failure.is_none() => State::Empty,
        Verdict::Serve(_) if held.failure.is_some() => State::BackingOff,
        Verdict::Serve(_) if held.flight.is_some() => State::Renewing,
        Verdict::Serve(_) => State::Fresh,
        Verdict::Renew => State::Renewing,
        Verdict::Fail => State::Failed,
        Verdict::Wait | Verdict::Start if held.failure.is_some() => State::Failed,
        Verdict::Wait | Verdict::Start => State::Stale,
    };
    let left = |at: std::time::Duration| at.saturating_sub(now.monotonic);
    Status {
        state,
        expires: held
            .token()
            .and_then(Token::lifetime)
            .map(|life| life.ends().wall()),
        renewing: held.flight.is_some(),
        last_error: held.failure.clone(),
        next_attempt: held
            .retry_at
            .filter(|_| held.strikes > 0)
            .map(left)
            .filter(|left| !left.is_zero()),
        unsaved: held.unsaved().is_some(),
    }
}
