//! A source: what its handles and its flight share.

use std::{
    mem,
    sync::{Arc, PoisonError, Weak},
};

use crate::{
    Clock, Error, ErrorKind, Event, ExchangeLimit, Grant, Moment, Origins, Policy, Sent, StoreKey,
    Ticks, Token, TokenStore,
    observe::Watch,
    sync::{
        Counter, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::state::{Landing, State};

#[cfg(test)]
mod tests;

/// A source: what its handles and its flight share, in one piece of memory. What a look reads stands first in it.
#[repr(C)]
pub(crate) struct Shared {
    pub(crate) origins: Origins,
    pub(crate) clock: Arc<dyn Clock>,
    /// Moves whenever a handle's copy may be out of date. Unique across sources.
    pub(crate) version: AtomicU64,
    pub(crate) state: RwLock<State>,
    pub(crate) grant: Arc<dyn Grant>,
    pub(crate) policy: Arc<Policy>,
    /// Boxed, as whatever many sources do not have: there may be a million of them.
    links: Option<Box<Links>>,
    own: Weak<Self>,
}

/// What a source may be connected to.
#[derive(Default)]
pub(crate) struct Links {
    pub(crate) store: Option<(Arc<dyn TokenStore>, StoreKey)>,
    pub(crate) limit: Option<ExchangeLimit>,
    pub(crate) watch: Watch,
}

impl Shared {
    pub(crate) fn new(
        grant: Arc<dyn Grant>,
        clock: Arc<dyn Clock>,
        origins: Origins,
        policy: Arc<Policy>,
        links: Option<Box<Links>>,
        state: State,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            version: AtomicU64::new(next_version()),
            state: RwLock::new(state),
            clock,
            origins,
            grant,
            policy,
            links,
            own: Weak::clone(own),
        })
    }

    /// Returns the source itself, for a task to hold.
    pub(crate) fn own(&self) -> Arc<Self> {
        let own = self.own.upgrade();
        own.expect("whoever calls a source holds it")
    }

    pub(crate) fn store(&self) -> Option<&(Arc<dyn TokenStore>, StoreKey)> {
        self.links.as_ref()?.store.as_ref()
    }

    pub(crate) fn limit(&self) -> Option<&ExchangeLimit> {
        self.links.as_ref()?.limit.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        self.links.as_ref().map_or("", |links| &links.watch.name)
    }

    pub(crate) fn tell(&self, event: &Event) {
        match &self.links {
            Some(links) => links.watch.tell(event),
            None => Watch::default().tell(event),
        }
    }

    /// Locks the state. Nothing that is done under the lock calls foreign code, so a poisoned one is as good as any.
    pub(crate) fn lock(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`lock`](Self::lock), together with others who change nothing.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the token if it may be used without asking the rule, its version, and for how long it may.
    #[inline]
    pub(crate) fn at_hand(&self, now: Ticks) -> Option<(Token, u64, Moment)> {
        let state = self.read();
        let token = state.ready(now)?.clone();
        Some((token, self.version.load(Ordering::Relaxed), state.until))
    }

    /// Makes every handle look again. Under the lock: whoever finds the state changed must not find an old copy current.
    pub(crate) fn touch(&self, state: &mut State) {
        state.until = Moment::PAST;
        self.version.store(next_version(), Ordering::Release);
    }

    /// Takes in what a flight brought, and returns its outcome. After a failure the token held may be good all the same.
    pub(crate) fn land(&self, result: Result<Landing, Error>) -> Result<Option<Token>, Error> {
        let now = self.clock.now();
        let mut events = Vec::new();
        let old;
        let outcome = {
            let mut state = self.lock();
            old = state.failure.take();
            state.flight = None;
            let landed = result.and_then(|landing| {
                let exchanged = landing.exchanged;
                state.take_in(landing, now, &self.policy, &mut events);
                let token = state.token().cloned();
                // Were it no failure, the next caller would exchange at once, and so on.
                if exchanged && token.is_none() {
                    Err(no_token())
                } else {
                    Ok(token)
                }
            });
            if let Err(error) = &landed {
                state.fail(error.clone(), now, &self.policy, &mut events);
            }
            self.touch(&mut state);
            landed
        };
        // What an error was made of is foreign code, whose drop must not run under the lock.
        drop(old);
        for event in &events {
            self.tell(event);
        }
        outcome
    }

    /// Takes in that a flight ended without a result: its task was dropped with its runtime.
    pub(crate) fn abandon(&self) -> Error {
        {
            let mut state = self.lock();
            state.flight = None;
            self.touch(&mut state);
        }
        Error::new(
            ErrorKind::Unavailable,
            "the exchange was dropped with the runtime it ran on; the next call starts another",
        )
        .with_sent(Sent::Maybe)
    }

    /// Returns the token held if it can be sent, be it in its last window or not.
    pub(crate) fn usable(&self) -> Option<Token> {
        let now = self.clock.now();
        let state = self.read();
        let usable = state.facts().is_usable(now);
        state.token().filter(|_| usable).cloned()
    }

    /// Notes that a server refused `refused`, and makes the next caller wait for another token, unless that would not
    /// bring a better one.
    pub(crate) fn refuse(&self, refused: &Token) {
        let now = self.clock.now();
        {
            let mut state = self.lock();
            let current = state.token().map(Token::generation) == Some(refused.generation());
            if !current || state.is_refused() {
                return;
            }
            let life = refused.lifetime();
            // However often the server repeated a token, once its time is over another follows.
            let over = life.is_some_and(|life| life.ends().has_come(now));
            let now = now.monotonic;
            let pausing = state.strikes > 0 && state.retry_at.is_some_and(|at| now < at);
            let failing = pausing && state.failure.is_some();
            if pausing && state.repeated && !over {
                // The server hands this very token out again and again; asking once more would not change that.
                return;
            }
            if over || !failing {
                if state.flight.is_none() && !state.may_force(&self.policy, now) {
                    return;
                }
                state.retry_at = None;
            }
            state.refuse();
            self.touch(&mut state);
        }
        self.tell(&Event::Refused);
    }
}

/// With the last handle a source goes, but for what waits to be saved: whoever saves it gets all that is left.
impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(heir) = state.take_heir() else {
            return;
        };
        let left = Self::new(
            Arc::clone(&self.grant),
            Arc::clone(&self.clock),
            self.origins.clone(),
            Arc::clone(&self.policy),
            self.links.take(),
            mem::take(state),
        );
        // Where the task is gone too, with its runtime, nobody is left to save anything.
        drop(heir.send(left));
    }
}

impl Links {
    /// Returns them in a box of their own, if there are any.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        let Watch { name, observer } = &self.watch;
        let watched = observer.is_some() || !name.is_empty();
        let any = watched || self.store.is_some() || self.limit.is_some();
        any.then(|| Box::new(self))
    }
}

fn no_token() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the exchange brought no access token; the grant must return one",
    )
}

/// Versions are unique in the process, so that a handle moved to another source never takes its token for current.
pub(crate) fn next_version() -> u64 {
    static VERSION: Counter = Counter::new(1);
    VERSION.fetch_add(1, Ordering::Relaxed)
}
