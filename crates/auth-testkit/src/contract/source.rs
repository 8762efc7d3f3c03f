mod crowd;
mod looks;
mod waits;

use std::{fmt, time::Duration};

use auth_core::{Error, ErrorKind, Token, TokenSource};

use super::{
    clause::{Clause, PATIENCE},
    secrecy::Planted,
};
use crate::{ManualClock, ScriptedGrant};

/// How long the tokens last that the suite hands out.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Holds a source to the contract of [`TokenSource`].
///
/// `build` makes a source that has never been used. It obtains its tokens from the grant, one exchange for each
/// attempt, and knows the time from the clock alone. A source that does not work with grants calls
/// [`Grant::exchange`](auth_core::Grant::exchange) where it would do whatever it does, and takes the access token from
/// the set returned. `build` is called once for each clause, within the runtime.
///
/// | clause | what it asks for |
/// | --- | --- |
/// | `first` | a token is obtained when it is asked for, and not before |
/// | `held` | while it is good it is given to everybody without another attempt |
/// | `one_attempt` | callers that wait together cause one attempt and share its token |
/// | `shared_failure` | and share its failure |
/// | `recovers` | a failure does not last for ever |
/// | `dropped_caller` | an attempt goes on when the caller who caused it is dropped |
/// | `peek` | a look that answers Ready or Renew leaves the current token in `held`, also in one used on another source |
/// | `renew` | starts at most one attempt and returns at once |
/// | `renew_once` | one look gets the answer Renew |
/// | `expired`, `suspended` | a token past its end by either clock is given to nobody |
/// | `reject` | a refused token is given to nobody |
/// | `late_reject` | refusing any other token changes nothing |
/// | `origins` | stay the same |
/// | `secrecy` | no `Debug` shows a token |
///
/// # Panics
///
/// Where a clause is broken.
///
/// # Cancellation
///
/// Safe: nothing is left behind.
pub async fn token_source<S, F>(build: F)
where
    S: TokenSource + fmt::Debug + 'static,
    F: Fn(ScriptedGrant, ManualClock) -> S + Send + Sync,
{
    waits::run(&build).await;
    looks::run(&build).await;
}

/// A source that was never used, and what moves it.
struct Stage<S> {
    clause: Clause,
    source: S,
    grant: ScriptedGrant,
    clock: ManualClock,
}

impl<S: TokenSource> Stage<S> {
    fn new(name: &'static str, build: &(impl Fn(ScriptedGrant, ManualClock) -> S + Sync)) -> Self {
        let (grant, clock) = (ScriptedGrant::new(), ManualClock::new());
        Self {
            clause: Clause::new("token_source", name, PATIENCE),
            source: build(grant.clone(), clock.clone()),
            grant,
            clock,
        }
    }

    async fn token(&self) -> Token {
        let token = self.clause.soon(self.source.token(), "token()").await;
        self.clause.succeeds(token, "token()")
    }

    #[track_caller]
    fn reads(&self, token: &Token, access: &str) {
        let right = token.access().expose() == access;
        self.clause.holds(
            right,
            format_args!("another token was given out where {access} was due"),
        );
    }

    #[track_caller]
    fn attempts(&self, due: usize) {
        let made = self.grant.calls();
        self.clause.holds(
            made == due,
            format_args!("{made} attempts were made where {due} were due"),
        );
    }

    async fn until_attempts(&self, count: usize) {
        let begun = self.grant.until_calls(count);
        self.clause.soon(begun, "waiting for an attempt").await;
    }

    fn planted(&self) -> Planted {
        Planted::new(["contract-access", "contract-refresh"])
    }
}

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "the contract suite lets this fail")
}
