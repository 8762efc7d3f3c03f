//! Building a source.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use crate::{
    Clock, ExchangeLimit, Grant, Observer, Origins, Policy, StoreKey, SystemClock, TokenSet,
    TokenStore,
    engine::{
        shared::{Links, Shared},
        state::State,
    },
};

use super::Cached;

/// One for all sources that are told nothing else.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(Arc::default);
static CLOCK: LazyLock<Arc<dyn Clock>> = LazyLock::new(|| Arc::new(SystemClock::new()));

/// Builds a [`Cached`]. Everything required was given to [`Cached::builder`].
#[must_use]
pub struct CachedBuilder {
    grant: Arc<dyn Grant>,
    origins: Origins,
    clock: Arc<dyn Clock>,
    policy: Arc<Policy>,
    links: Links,
    previous: Option<TokenSet>,
}

impl CachedBuilder {
    pub(super) fn new(grant: Arc<dyn Grant>, origins: Origins) -> Self {
        Self {
            grant,
            origins,
            clock: Arc::clone(&CLOCK),
            policy: Arc::clone(&POLICY),
            links: Links::default(),
            previous: None,
        }
    }

    /// Names the source in events and traces. Without it the name is empty.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.links.watch.name = name.into();
        self
    }

    /// Sets when to renew and how long to wait. Sources that are many share one policy by way of an `Arc`.
    pub fn policy(mut self, policy: impl Into<Arc<Policy>>) -> Self {
        self.policy = policy.into();
        self
    }

    /// Keeps the login in `store` under `key`; a new one is saved before it is used.
    pub fn store(mut self, store: impl TokenStore + 'static, key: StoreKey) -> Self {
        self.links.store = Some((Arc::new(store), key));
        self
    }

    /// Starts from a set obtained earlier. What is found in the store has precedence.
    pub fn previous(mut self, set: TokenSet) -> Self {
        self.previous = Some(set);
        self
    }

    /// Makes exchanges only within `limit`, which other sources of the same endpoint share.
    pub fn limit(mut self, limit: ExchangeLimit) -> Self {
        self.links.limit = Some(limit);
        self
    }

    /// Tells `observer` of everything that happens to the login.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.links.watch.observer = Some(Arc::new(observer));
        self
    }

    /// Sets where time comes from. Without it, from the machine.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the source. Nothing is started.
    pub fn build(self) -> Cached {
        let hold = |set| State::holding(set, &self.policy);
        let state = self.previous.map(hold).unwrap_or_default();
        Cached(Shared::new(
            self.grant,
            self.clock,
            self.origins,
            self.policy,
            self.links.boxed(),
            state,
        ))
    }
}

impl fmt::Debug for CachedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedBuilder")
            .field("name", &self.links.watch.name)
            .field("origins", &self.origins)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
