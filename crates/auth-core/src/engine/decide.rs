//! The rule: what to do with a token now.

use std::time::Duration;

use crate::{Moment, Now};

use super::windows::Windows;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// All that the rule looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) life: Life,
    /// Whether a flight is up.
    pub(crate) flying: bool,
    /// Before this monotonic time no exchange starts unless it is needed or forced.
    pub(crate) retry_at: Option<Duration>,
    /// Whether the last attempt failed.
    pub(crate) failed: bool,
}

/// What is known of the token held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// There is none, or the one there is was refused.
    None,
    /// It is used until it is refused.
    Endless,
    /// It has an end.
    Until(Windows),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Use the token; nothing changes by itself before that moment.
    Serve(Option<Moment>),
    /// Use the token and start a flight beside it.
    Renew,
    /// Nothing to use: wait for the flight that is up.
    Wait,
    /// Nothing to use: start a flight and wait for it.
    Start,
    /// Nothing to use, and the last attempt failed too recently: give its error again.
    Fail,
}

/// Decides. No token is served after its end, no exchange starts within a pause unless nothing can be served and
/// nothing failed, and no verdict about a token with an end lasts for ever.
pub(crate) fn decide(facts: &Facts, now: Now) -> Verdict {
    let pausing = facts.retry_at.filter(|at| now.monotonic < *at);
    match facts.life {
        Life::Endless => return Verdict::Serve(None),
        Life::Until(windows) if !windows.advisory().has_come(now) => {
            return Verdict::Serve(Some(windows.advisory()));
        }
        Life::Until(windows) if !windows.mandatory().has_come(now) => {
            return match pausing {
                _ if facts.flying => Verdict::Serve(Some(windows.mandatory())),
                Some(at) => Verdict::Serve(Some(windows.mandatory().or(end(at, now)))),
                None => Verdict::Renew,
            };
        }
        // The next exchange is not due yet, so waiting would not bring a better token.
        Life::Until(windows) if !windows.ends.has_come(now) && !facts.flying => {
            if let Some(at) = pausing {
                return Verdict::Serve(Some(windows.ends.or(end(at, now))));
            }
        }
        Life::Until(_) | Life::None => {}
    }
    if facts.flying {
        Verdict::Wait
    } else if facts.failed && pausing.is_some() {
        Verdict::Fail
    } else {
        Verdict::Start
    }
}

/// Returns when a pause is over that ends at the monotonic time `at`.
fn end(at: Duration, now: Now) -> Moment {
    Moment::after(now, at.saturating_sub(now.monotonic))
}
