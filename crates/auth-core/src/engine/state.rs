//! What the engine remembers, behind one short lock.

mod landing;
mod ledger;

use std::time::Duration;

use crate::{Error, Moment, Now, Policy, Secret, Ticks, Token, TokenSet, sync::once};

use super::{
    decide::{Facts, Life},
    pause::Bucket,
};

pub(crate) use self::ledger::{Over, Unsaved};

use self::ledger::Ledger;

/// The outcome of a flight; every waiter gets the same.
///
/// Without a token it was a login that was put in place, and the waiter asks again.
pub(crate) type Outcome = Result<Option<Token>, Error>;

/// The part of a source that changes. What a look reads stands first in memory, too.
#[repr(C)]
pub(crate) struct State {
    token: Option<Token>,
    /// How long the token may be used without asking the rule.
    pub(crate) until: Moment,
    refresh: Option<Secret>,
    pub(crate) life: Life,
    pub(crate) flight: Option<once::Receiver<Outcome>>,
    pub(crate) failure: Option<Error>,
    pub(crate) retry_at: Option<Duration>,
    pub(crate) strikes: u32,
    /// Whether the token held came again after it was refused.
    pub(crate) repeated: bool,
    /// The permits of those who force a renewal, once somebody did.
    bucket: Option<Box<Bucket>>,
    /// What there is to remember about a store.
    ledger: Option<Box<Ledger>>,
}

/// What a flight brings home.
pub(crate) struct Landing {
    pub(crate) set: TokenSet,
    pub(crate) stored: Option<u64>,
    /// Whether an exchange was made, as against a set that another process obtained.
    pub(crate) exchanged: bool,
}

impl Landing {
    pub(crate) fn new(set: TokenSet, stored: Option<u64>, exchanged: bool) -> Self {
        Self {
            set,
            stored,
            exchanged,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            token: None,
            refresh: None,
            until: Moment::PAST,
            life: Life::None,
            flight: None,
            failure: None,
            retry_at: None,
            strikes: 0,
            repeated: false,
            bucket: None,
            ledger: None,
        }
    }
}

impl State {
    pub(crate) fn holding(set: TokenSet, policy: &Policy) -> Self {
        let mut state = Self::default();
        state.hold(set, None, policy);
        state
    }

    pub(crate) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Returns the token if it may be used without asking the rule.
    #[inline]
    pub(crate) fn ready(&self, now: impl Into<Ticks>) -> Option<&Token> {
        self.token().filter(|_| !self.until.has_come(now))
    }

    /// Returns what is held, if it is anything.
    pub(crate) fn set(&self) -> Option<TokenSet> {
        let refresh = self.refresh.clone();
        match &self.token {
            Some(token) => Some(TokenSet::new(token.clone()).with_refresh(refresh)),
            None => refresh.map(TokenSet::login),
        }
    }

    /// Returns whether what is held can renew itself.
    pub(crate) fn has_login(&self) -> bool {
        self.refresh.is_some()
    }

    /// Returns whether the token held was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.token.is_some() && self.life == Life::None
    }

    /// Notes that the token held is not to be used.
    pub(crate) fn refuse(&mut self) {
        self.life = Life::None;
    }

    /// Takes a permit to force a renewal at the monotonic time `now`.
    pub(crate) fn may_force(&mut self, policy: &Policy, now: Duration) -> bool {
        let full = || Box::new(Bucket::full(policy, now));
        self.bucket.get_or_insert_with(full).take(policy, now)
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            life: self.life,
            flying: self.flight.is_some(),
            retry_at: self.retry_at,
            failed: self.failure.is_some(),
        }
    }
}

impl Facts {
    /// Returns whether the token can be sent at `now`, be it in its last window or not.
    pub(crate) fn is_usable(&self, now: Now) -> bool {
        match self.life {
            Life::None => false,
            Life::Endless => true,
            Life::Until(windows) => !windows.ends.has_come(now),
        }
    }
}
