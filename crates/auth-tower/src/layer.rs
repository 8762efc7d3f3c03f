//! The layer and its options.

use std::{any::Any, fmt, sync::Arc};

use auth_core::{Cached, Origin, TokenSource};
use tower_layer::Layer;

use crate::{
    Answer, Auth, ForeignOrigin, Known, Route, WatchTrailersLayer,
    config::{Config, Selector},
};

/// Authenticates every request of the service below it. See the crate's front page for what each option does.
///
/// # Example
///
/// ```
/// use auth_core::TokenSource;
/// use auth_tower::{Auth, AuthLayer};
/// use tower_layer::Layer;
///
/// fn authenticated<S>(client: S, source: impl TokenSource + 'static) -> Auth<S> {
///     AuthLayer::new(source).layer(client)
/// }
/// ```
#[derive(Clone)]
pub struct AuthLayer<P = Known> {
    config: Arc<Config>,
    replay: P,
}

impl AuthLayer {
    /// Returns a layer that takes every token from `source`: a source itself, or an `Arc<dyn TokenSource>`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        let any: &dyn Any = &source;
        // What is shared already needs no second Arc, which would cost a jump for each request.
        let source: Arc<dyn TokenSource> =
            if let Some(shared) = any.downcast_ref::<Arc<dyn TokenSource>>() {
                Arc::clone(shared)
            } else if let Some(cached) = any.downcast_ref::<Cached>() {
                cached.clone().into()
            } else {
                Arc::new(source)
            };
        Self::with(Selector::Fixed(source))
    }

    /// Returns a layer that chooses a source for each request.
    pub fn routed(route: impl Route + 'static) -> Self {
        Self::with(Selector::Routed(Arc::new(route)))
    }

    fn with(selector: Selector) -> Self {
        Self {
            config: Arc::new(Config::new(selector)),
            replay: Known,
        }
    }
}

impl<P> AuthLayer<P> {
    /// Says how to send a request body a second time after its token was refused. The default is [`Known`].
    #[must_use]
    pub fn replay<Q>(self, replay: Q) -> AuthLayer<Q> {
        AuthLayer {
            config: self.config,
            replay,
        }
    }

    /// Says which server requests go to whose address names none, such as tonic's. It must be an origin of the token
    /// source; otherwise each such request fails.
    #[must_use]
    pub fn at(self, origin: Origin) -> Self {
        self.edit(|config| config.at = Some(origin))
    }

    /// Says what to do with requests to servers that the token is not for. The default is to refuse them.
    #[must_use]
    pub fn foreign_origins(self, foreign: ForeignOrigin) -> Self {
        self.edit(|config| config.foreign = foreign)
    }

    /// Sends a request without a token when none can be obtained, whatever the reason. Otherwise that is an error.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.edit(|config| config.anonymous = true)
    }

    /// Lets tokens go over plain http to other machines, for everybody on the way to read. The token source must list
    /// such an origin too. Loopback addresses need no permission.
    #[must_use]
    pub fn dangerous_plain_http(self) -> Self {
        self.edit(|config| config.plain_http = true)
    }

    /// Says which responses mean that the token was refused, in place of [`Answer::is_unauthenticated`].
    ///
    /// The rule is asked once for each response and must not block. What says `insufficient_scope` is never a refusal.
    #[must_use]
    pub fn refusal(self, rule: impl Fn(&Answer<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.edit(|config| config.refusal = Some(Arc::new(rule)))
    }

    /// Also rejects the token when `grpc-status: 16` comes in later trailers. Nothing is replayed then.
    ///
    /// This wraps the response body, so it yields another layer.
    #[must_use]
    pub fn watch_trailers(self) -> WatchTrailersLayer<P> {
        WatchTrailersLayer::new(self.edit(|config| config.watched = true))
    }

    fn edit(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S, P: Clone> Layer<S> for AuthLayer<P> {
    type Service = Auth<S, P>;

    fn layer(&self, inner: S) -> Auth<S, P> {
        Auth::new(inner, Arc::clone(&self.config), self.replay.clone())
    }
}

impl<P> fmt::Debug for AuthLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
