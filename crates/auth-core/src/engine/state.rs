//! What the engine remembers, behind one short lock.

mod landing;

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::{
    Clock, Error, ErrorKind, Event, ExchangeLimit, Grant, Intent, Moment, Now, Policy, Secret,
    StoreKey, Token, TokenSet, TokenStore,
    observe::Watch,
    sync::{
        ArcSwapOption, Counter, Mutex, MutexGuard, Notify,
        atomic::{AtomicU64, Ordering},
        watch,
    },
};

use super::{
    decide::{Facts, Life},
    pause::Bucket,
    windows::Windows,
};

/// The outcome of a flight, once there is one; every waiter gets the same.
///
/// Without a token it was a login that was put in place, and the waiter asks again.
pub(crate) type Outcome = Option<Result<Option<Token>, Error>>;

/// Everything that the handles of one source and its flight share.
pub(crate) struct Shared {
    pub(crate) grant: Arc<dyn Grant>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) store: Option<(Arc<dyn TokenStore>, StoreKey)>,
    pub(crate) watch: Watch,
    pub(crate) limit: Option<ExchangeLimit>,
    /// Told when the last handle is gone.
    pub(crate) closed: Notify,
    /// Moves whenever a handle's copy may be out of date. Unique across sources.
    pub(crate) version: AtomicU64,
    /// The token that may be used without asking the rule.
    pub(crate) view: ArcSwapOption<View>,
    state: Mutex<State>,
}

/// A token and how long it may be used without asking the rule.
pub(crate) struct View {
    pub(crate) token: Token,
    pub(crate) version: u64,
    pub(crate) until: Option<Moment>,
}

/// The part that changes.
pub(crate) struct State {
    pub(crate) set: Option<TokenSet>,
    pub(crate) windows: Option<Windows>,
    pub(crate) refused: bool,
    /// Whether the token held came again after it was refused.
    pub(crate) repeated: bool,
    /// The store's version of `set`.
    pub(crate) stored: Option<u64>,
    /// Boxed, as whatever a source seldom has: there may be a million of them.
    pub(crate) unsaved: Option<Box<Unsaved>>,
    /// The fences under which this process noted that an exchange begins: of the note that was last found in the store,
    /// and of the one made after it, which may have got there or not.
    pub(crate) noted: Vec<u64>,
    /// The note of another process, and when it was first seen.
    pub(crate) theirs: Option<Box<(Intent, Duration)>>,
    /// Whether a task is trying to save it.
    pub(crate) saving: bool,
    pub(crate) flight: Option<watch::Receiver<Outcome>>,
    pub(crate) failure: Option<Error>,
    pub(crate) strikes: u32,
    pub(crate) retry_at: Option<Duration>,
    /// Until then, one look has been told to renew.
    pub(crate) claimed_until: Option<Duration>,
    pub(crate) bucket: Bucket,
}

/// A set that waits to be saved.
#[derive(Clone)]
pub(crate) struct Unsaved {
    pub(crate) set: TokenSet,
    pub(crate) over: Over,
    /// The refresh token that was spent for it.
    pub(crate) spent: Option<Secret>,
    /// Tells this set from one that takes its place while it is being saved.
    pub(crate) ticket: u64,
}

/// What a set may be saved over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The record of this version, or none. Whoever came between holds the newer login.
    Version(Option<u64>),
    /// Whatever is there: a person authorized anew.
    Anything,
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

impl Shared {
    pub(crate) fn new(
        grant: Arc<dyn Grant>,
        clock: Arc<dyn Clock>,
        policy: Arc<Policy>,
        store: Option<(Arc<dyn TokenStore>, StoreKey)>,
        watch: Watch,
        limit: Option<ExchangeLimit>,
        previous: Option<TokenSet>,
    ) -> Self {
        let now = clock.now();
        let state = State {
            windows: previous
                .as_ref()
                .and_then(|set| landing::windows(set, None, &policy)),
            set: previous,
            refused: false,
            repeated: false,
            stored: None,
            unsaved: None,
            noted: Vec::new(),
            theirs: None,
            saving: false,
            flight: None,
            failure: None,
            strikes: 0,
            retry_at: None,
            claimed_until: None,
            bucket: Bucket::full(&policy, now.monotonic),
        };
        Self {
            grant,
            clock,
            policy,
            store,
            watch,
            limit,
            closed: Notify::new(),
            version: AtomicU64::new(next_version()),
            view: ArcSwapOption::empty(),
            state: Mutex::new(state),
        }
    }

    /// Locks the state. Nothing that is done under the lock calls foreign code, so a poisoned one is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every handle look again. Under the lock: whoever finds the state changed must not find an old copy current.
    pub(crate) fn touch(&self) {
        self.view.store(None);
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
            state.claimed_until = None;
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
            self.touch();
            landed
        };
        // What an error was made of is foreign code, whose drop must not run under the lock.
        drop(old);
        for event in &events {
            self.watch.tell(event);
        }
        outcome
    }

    /// Returns the token held if it can be sent, be it in its last window or not.
    pub(crate) fn usable(&self) -> Option<Token> {
        let now = self.clock.now();
        let state = self.lock();
        let usable = state.facts().is_usable(now);
        state.token().filter(|_| usable).cloned()
    }

    /// Notes that a server refused `refused`, and makes the next caller wait for another token, unless that would not
    /// bring a better one.
    pub(crate) fn reject(&self, refused: &Token) {
        let now = self.clock.now();
        {
            let mut state = self.lock();
            let current = state.token().map(Token::generation) == Some(refused.generation());
            if !current || state.refused {
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
                if state.flight.is_none() && !state.bucket.take(&self.policy, now) {
                    return;
                }
                state.retry_at = None;
            }
            state.refused = true;
            self.touch();
        }
        self.watch.tell(&Event::Refused);
    }
}

impl State {
    pub(crate) fn token(&self) -> Option<&Token> {
        self.set.as_ref()?.token()
    }

    pub(crate) fn facts(&self) -> Facts {
        let life = match (self.token(), self.windows) {
            (Some(_), Some(windows)) if !self.refused => Life::Until(windows),
            (Some(_), None) if !self.refused => Life::Endless,
            _ => Life::None,
        };
        Facts {
            life,
            flying: self.flight.is_some(),
            retry_at: self.retry_at,
            failed: self.failure.is_some(),
        }
    }
}

impl Facts {
    /// Returns whether the token can be sent at `now`, be it in its last window or not.
    fn is_usable(&self, now: Now) -> bool {
        match self.life {
            Life::None => false,
            Life::Endless => true,
            Life::Until(windows) => !windows.ends.has_come(now),
        }
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
