//! The tokens that an emulator gave out and what became of each.

use std::{collections::HashMap, time::Duration};

use auth_core::Secret;

/// Tokens of one kind. Time is the monotonic reading of the server's clock.
#[derive(Clone)]
pub(super) struct Vault<T> {
    tokens: HashMap<String, Held<T>>,
    issued: Vec<String>,
}

#[derive(Clone)]
struct Held<T> {
    ends: Option<Duration>,
    dead: bool,
    about: T,
}

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing<T> {
    Unknown,
    /// Spent or revoked.
    Dead(T),
    Expired(T),
    Good(T),
}

impl<T> Default for Vault<T> {
    fn default() -> Self {
        Self {
            tokens: HashMap::new(),
            issued: Vec::new(),
        }
    }
}

impl<T> Vault<T> {
    pub(super) fn issue(&mut self, token: &str, ends: Option<Duration>, about: T) {
        let held = Held {
            ends,
            dead: false,
            about,
        };
        self.tokens.insert(token.to_owned(), held);
        self.issued.push(token.to_owned());
    }

    pub(super) fn standing(&self, token: &str, now: Duration) -> Standing<&T> {
        match self.tokens.get(token) {
            None => Standing::Unknown,
            Some(held) if held.dead => Standing::Dead(&held.about),
            Some(held) if held.ends.is_some_and(|ends| ends <= now) => {
                Standing::Expired(&held.about)
            }
            Some(held) => Standing::Good(&held.about),
        }
    }

    pub(super) fn is_good(&self, token: &str, now: Duration) -> bool {
        matches!(self.standing(token, now), Standing::Good(_))
    }

    /// Returns when a token ends; `None` where it is unknown or never does.
    pub(super) fn ends(&self, token: &str) -> Option<Duration> {
        self.tokens.get(token).and_then(|held| held.ends)
    }

    /// Ends the life of one token; returns whether it was known and alive.
    pub(super) fn kill(&mut self, token: &str) -> bool {
        let held = self.tokens.get_mut(token);
        held.is_some_and(|held| !std::mem::replace(&mut held.dead, true))
    }

    /// Ends the life of every token that `concerns` picks.
    pub(super) fn kill_where(&mut self, mut concerns: impl FnMut(&T) -> bool) {
        for held in self
            .tokens
            .values_mut()
            .filter(|held| concerns(&held.about))
        {
            held.dead = true;
        }
    }

    /// Makes every token end at `now`, if it would live longer.
    pub(super) fn expire_all(&mut self, now: Duration) {
        for held in self.tokens.values_mut() {
            held.ends = Some(held.ends.map_or(now, |ends| ends.min(now)));
        }
    }

    /// Returns what is known about a token, whatever it is worth.
    pub(super) fn about(&self, token: &str) -> Option<&T> {
        self.tokens.get(token).map(|held| &held.about)
    }

    /// Returns the same, to be changed.
    pub(super) fn about_mut(&mut self, token: &str) -> Option<&mut T> {
        self.tokens.get_mut(token).map(|held| &mut held.about)
    }

    /// Returns every token in the order in which they were given out.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.issued
            .iter()
            .map(|token| token.as_str().into())
            .collect()
    }
}
