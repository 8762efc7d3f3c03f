//! The service that puts tokens on requests.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use auth_core::{Held, Peek, TokenSource};
use http::{Extensions, Request, Response, header::AUTHORIZATION};
use tower_service::Service;

use crate::{
    AuthError, BoxError, Known, NoAuth, Reason, Replay, RequestHead, ResponseFuture,
    attempt::{Attempt, Sending},
    config::{Config, Passage, Selector},
    future::{State, Stay, Waiting},
    seat::Seat,
};

/// A service that authenticates each request and passes it to `S`. Made by [`AuthLayer`](crate::AuthLayer).
///
/// A clone shares the token source. Each handle keeps a copy of the current token, so that handles on several cores
/// do not slow each other down: give each task its own clone and keep it.
///
/// # Errors
///
/// An [`AuthError`] where authentication stood in the way; whatever the inner service answers otherwise.
///
/// # Cancellation
///
/// The response future may be dropped at any time: see [`ResponseFuture`].
pub struct Auth<S, P = Known> {
    inner: S,
    config: Arc<Config>,
    replay: P,
    seat: Seat,
}

impl<S, P> Auth<S, P> {
    pub(crate) fn new(inner: S, config: Arc<Config>, replay: P) -> Self {
        Self {
            inner,
            config,
            replay,
            seat: Seat::default(),
        }
    }

    /// Returns the service below.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Returns the service below, without the authentication.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, P, B, R> Service<Request<B>> for Auth<S, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: Replay<B> + Clone,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    /// Sends `request` with a token. It must be called on the handle that was polled ready.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time: see [`ResponseFuture`].
    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.prepare(&mut request) {
            Ok(sending) => State::sent(&mut self.inner, &self.replay, request, sending).into(),
            Err(hindrance) => self.stay(hindrance, request),
        }
    }
}

/// Why a request is not sent at once.
enum Hindrance {
    Wait(Arc<dyn TokenSource>),
    Fail(AuthError),
}

impl<S, P> Auth<S, P> {
    /// Puts a token on a request, and returns which; nothing where the request is sent as it is.
    #[inline]
    fn prepare<B>(&mut self, request: &mut Request<B>) -> Result<Option<Sending>, Hindrance> {
        let config = &self.config;
        let source = match &config.selector {
            Selector::Fixed(source) if !speaks_for_itself(request.extensions()) => source,
            _ => return prepare_chosen(config, request),
        };
        if !admit(config, &**source, request)? {
            return Ok(None);
        }
        if !look(&**source, self.seat.held()) {
            return absent(source, request);
        }
        Ok(self.seat.put(source, config, request.headers_mut()))
    }

    /// A request that waits takes the service along that was polled ready, and leaves a clone behind.
    #[cold]
    fn stay<B>(&mut self, hindrance: Hindrance, request: Request<B>) -> ResponseFuture<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        let source = match hindrance {
            Hindrance::Wait(source) => source,
            Hindrance::Fail(error) => {
                return State::Stays {
                    stay: Stay::failed(error),
                }
                .into();
            }
        };
        let clone = self.inner.clone();
        let waiting = Waiting {
            service: mem::replace(&mut self.inner, clone),
            config: Arc::clone(&self.config),
            replay: self.replay.clone(),
            request,
        };
        let stay = Stay::waiting(source, waiting);
        State::Stays { stay }.into()
    }
}

/// Returns whether a request itself says how it is authenticated.
#[inline]
fn speaks_for_itself(extensions: &Extensions) -> bool {
    !extensions.is_empty()
        && (extensions.get::<NoAuth>().is_some()
            || extensions.get::<Arc<dyn TokenSource>>().is_some())
}

/// As `prepare`, for a request whose source is chosen for it alone, or that is sent as it is.
fn prepare_chosen<B>(
    config: &Arc<Config>,
    request: &mut Request<B>,
) -> Result<Option<Sending>, Hindrance> {
    let extensions = request.extensions();
    if extensions.get::<NoAuth>().is_some() {
        return Ok(None);
    }
    let source = match (extensions.get::<Arc<dyn TokenSource>>(), &config.selector) {
        (Some(source), _) | (None, Selector::Fixed(source)) => Arc::clone(source),
        (None, Selector::Routed(route)) => {
            let chosen = route.source(&RequestHead::of(request));
            chosen.map_err(|cause| Hindrance::Fail(AuthError::new(Reason::Route, cause)))?
        }
    };
    if !admit(config, &*source, request)? {
        return Ok(None);
    }
    let mut held = Held::shared();
    let token = if look(&*source, &mut held) {
        held.take()
    } else {
        None
    };
    let Some(token) = token else {
        return absent(&source, request);
    };
    let attached = token.attach(request.headers_mut());
    Ok(attached.then(|| Sending::Own(Attempt::new(source, token, Arc::clone(config)))))
}

/// Returns whether the request gets a token.
#[inline]
fn admit<B>(
    config: &Config,
    source: &dyn TokenSource,
    request: &Request<B>,
) -> Result<bool, Hindrance> {
    match config.admit(source, request.uri()) {
        Ok(passage) => Ok(passage == Passage::WithToken),
        Err(error) => Err(Hindrance::Fail(error)),
    }
}

/// Without a token the request waits for one.
///
/// Which headers the token would set is not known then, so the usual one is assumed: whoever authenticates a request
/// without us must not wait for a token that it does not need.
#[cold]
fn absent<B>(
    source: &Arc<dyn TokenSource>,
    request: &Request<B>,
) -> Result<Option<Sending>, Hindrance> {
    if request.headers().contains_key(AUTHORIZATION) {
        return Ok(None);
    }
    Err(Hindrance::Wait(Arc::clone(source)))
}

/// Looks for a token, gets a renewal going if it is time, and returns whether a token is held.
#[inline]
fn look(source: &dyn TokenSource, held: &mut Held) -> bool {
    match source.peek(held) {
        Peek::Ready => {}
        Peek::Renew => source.renew(),
        Peek::Absent => return false,
    }
    // A source that says so and holds none is waited for: nothing goes out without a token by mistake.
    held.token().is_some()
}

impl<S: Clone, P: Clone> Clone for Auth<S, P> {
    fn clone(&self) -> Self {
        Self::new(
            self.inner.clone(),
            Arc::clone(&self.config),
            self.replay.clone(),
        )
    }
}

impl<S, P> fmt::Debug for Auth<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
