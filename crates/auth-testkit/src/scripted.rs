//! Hand-written stand-ins for the seams: they do what a test says, in order, and remember what they were asked.

mod gate;
mod grant;
mod script;
mod source;
mod store;
mod transport;

use std::time::Duration;

use auth_core::{Clock, Lifetime, Secret, Token, TokenSet};

pub use self::{
    gate::Gate,
    grant::{ScriptedGrant, Seen},
    source::{FailingSource, ScriptedSource, StaticSource},
    store::{FailingStore, StoreCall, StoreFault},
    transport::{Recorded, ScriptedTransport},
};

/// Returns a bearer token that reads `access` and lasts `lifetime` from now on `clock`.
///
/// # Panics
///
/// Where `access` has characters that a bearer token cannot have.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use auth_core::Clock;
/// use auth_testkit::{ManualClock, token};
///
/// let clock = ManualClock::new();
/// let token = token("made-up", Duration::from_secs(60), &clock);
/// assert_eq!(token.access().expose(), "made-up");
/// assert!(!token.lifetime().unwrap().ends().has_come(clock.now()));
/// ```
pub fn token(access: &str, lifetime: Duration, clock: &dyn Clock) -> Token {
    Token::bearer(Secret::from(access))
        .expect("made-up tokens are written in the characters of RFC 6750 section 2.1")
        .with_lifetime(Lifetime::new(clock.now(), lifetime))
}

/// Returns a set of a bearer token, as [`token`] makes it, and a refresh token.
///
/// # Panics
///
/// As [`token`].
pub fn token_set(access: &str, lifetime: Duration, refresh: &str, clock: &dyn Clock) -> TokenSet {
    TokenSet::new(token(access, lifetime, clock)).with_refresh(Some(Secret::from(refresh)))
}

#[cfg(test)]
mod tests;
