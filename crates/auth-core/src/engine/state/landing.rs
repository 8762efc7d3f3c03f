//! Taking in what a flight brings home.

use std::time::Duration;

use crate::{
    Error, ErrorKind, Event, Now, Policy, Secret, Token, TokenSet,
    engine::{decide::Life, pause, windows::Windows},
};

use super::{Landing, State};

impl State {
    pub(crate) fn take_in(
        &mut self,
        landing: Landing,
        now: Now,
        policy: &Policy,
        events: &mut Vec<Event>,
    ) {
        let Landing {
            set,
            stored,
            exchanged,
        } = landing;
        let life = set.token().and_then(Token::lifetime);
        self.retry_at = None;
        self.repeated = exchanged && self.is_refused() && self.has_same_access(&set);
        if exchanged && self.is_no_better(&set) {
            self.strikes = self.strikes.saturating_add(1);
            let pause = pause::backoff(self.strikes, policy, pause::random());
            self.retry_at = Some(now.monotonic.saturating_add(pause));
        } else {
            self.strikes = 0;
            if let Some(life) = life.filter(|_| exchanged) {
                let pause = policy.minimum_interval.of(life.length());
                self.retry_at = Some(now.monotonic.saturating_add(pause));
            }
        }
        let (old, new) = (self.refresh.as_ref(), set.refresh());
        if exchanged && old.is_some() && old.map(Secret::expose) != new.map(Secret::expose) {
            events.push(Event::Rotated);
        }
        if set.token().is_some() {
            let expires = life.map(|life| life.ends().wall());
            events.push(Event::Issued { expires });
        }
        self.hold(set, exchanged.then_some(now), policy);
        self.note_stored(stored);
    }

    /// Holds a set from here on, which an exchange brought at `landed` or that was obtained earlier.
    pub(super) fn hold(&mut self, set: TokenSet, landed: Option<Now>, policy: &Policy) {
        self.life = match set.token().map(Token::lifetime) {
            Some(Some(life)) => Life::Until(Windows::new(life, landed, policy, pause::random())),
            Some(None) => Life::Endless,
            None => Life::None,
        };
        (self.token, self.refresh) = set.into_parts();
    }

    /// Returns whether an exchange brought nothing new: some servers hand the same token out until it ends.
    fn is_no_better(&self, set: &TokenSet) -> bool {
        let (Some(old), Some(new)) = (self.token(), set.token()) else {
            return false;
        };
        let ends = |token: &Token| token.lifetime().map(|life| life.ends().monotonic());
        match (ends(old), ends(new)) {
            (Some(old), Some(later)) if !self.is_refused() => {
                later <= old.saturating_add(slack(new))
            }
            _ => self.has_same_access(set),
        }
    }

    fn has_same_access(&self, set: &TokenSet) -> bool {
        let tokens = self.token().zip(set.token());
        tokens.is_some_and(|(old, new)| old.access().expose() == new.access().expose())
    }

    pub(crate) fn fail(
        &mut self,
        error: Error,
        now: Now,
        policy: &Policy,
        events: &mut Vec<Event>,
    ) {
        self.strikes = self.strikes.saturating_add(1);
        let window = self.next_window(now);
        let pause = pause::after_failure(&error, self.strikes, policy, window, pause::random());
        self.retry_at = Some(now.monotonic.saturating_add(pause));
        if error.kind() == ErrorKind::LoginRequired {
            let error = error.clone();
            events.push(Event::LoginRequired { error });
        } else {
            let error = error.clone();
            events.push(Event::Failed { error, pause });
        }
        self.failure = Some(error);
    }

    /// Returns how long until the token held must be renewed, else until it ends.
    fn next_window(&self, now: Now) -> Option<Duration> {
        let Life::Until(windows) = self.facts().life else {
            return None;
        };
        let boundaries = [windows.mandatory(), windows.ends];
        let mut left = boundaries.into_iter().map(|at| at.left(now));
        left.find(|left| !left.is_zero())
    }
}

/// Two replies about one token differ by the second that was cut off, which must not hide a token of one second.
fn slack(token: &Token) -> Duration {
    let length = token.lifetime().map(|life| life.length());
    Duration::from_secs(1).min(length.unwrap_or_default() / 10)
}
