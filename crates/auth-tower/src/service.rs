//! The service that puts tokens on requests.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use auth_core::{Held, Peek, Token, TokenSource};
use http::{Request, Response, header::AUTHORIZATION};
use tower_service::Service;

use crate::{
    AuthError, BoxError, Known, NoAuth, Reason, Replay, RequestHead, ResponseFuture,
    attempt::{Attempt, Sending, attach, carries},
    config::{Config, Passage, Selector},
    future::Waiting,
    replay::spare::Spare,
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
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let extensions = request.extensions();
        if extensions.get::<NoAuth>().is_some() {
            return ResponseFuture::sent(self.inner.call(request), None, None);
        }
        let chosen = extensions.get::<Arc<dyn TokenSource>>().cloned();
        let source = match (chosen, &self.config.selector) {
            (Some(source), _) => source,
            (None, Selector::Fixed(source)) => {
                let outlet = Outlet {
                    inner: &mut self.inner,
                    config: &self.config,
                    replay: &self.replay,
                };
                return outlet.call_fixed(source, &mut self.seat, request);
            }
            (None, Selector::Routed(route)) => match route.source(&RequestHead::of(&request)) {
                Ok(source) => source,
                Err(cause) => return ResponseFuture::failed(AuthError::new(Reason::Route, cause)),
            },
        };
        let outlet = Outlet {
            inner: &mut self.inner,
            config: &self.config,
            replay: &self.replay,
        };
        outlet.call_chosen(source, request)
    }
}

/// What a request needs of its handle on the way out.
pub(crate) struct Outlet<'a, S, P> {
    pub(crate) inner: &'a mut S,
    pub(crate) config: &'a Arc<Config>,
    pub(crate) replay: &'a P,
}

/// A request that is on its way.
pub(crate) struct Departed<S: Service<Request<B>>, B, P: Replay<B>> {
    pub(crate) future: S::Future,
    /// Whether the token was put on it.
    pub(crate) attached: bool,
    pub(crate) spare: Option<Box<Spare<S, B, P>>>,
}

impl<S, P> Outlet<'_, S, P> {
    #[inline]
    fn call_fixed<B>(
        self,
        source: &Arc<dyn TokenSource>,
        seat: &mut Seat,
        request: Request<B>,
    ) -> ResponseFuture<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        match self.config.admit(&**source, request.uri()) {
            Ok(Passage::WithToken) => {}
            Ok(Passage::WithoutToken) => {
                return ResponseFuture::sent(self.inner.call(request), None, None);
            }
            Err(error) => return ResponseFuture::failed(error),
        }
        let Some(token) = look(&**source, seat.held()) else {
            return self.wait(Arc::clone(source), request);
        };
        let config = self.config;
        let departed = self.send(token, request);
        let sending = departed.attached.then(|| seat.sending(source, config));
        ResponseFuture::sent(departed.future, sending.flatten(), departed.spare)
    }

    fn call_chosen<B>(
        self,
        source: Arc<dyn TokenSource>,
        request: Request<B>,
    ) -> ResponseFuture<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        match self.config.admit(&*source, request.uri()) {
            Ok(Passage::WithToken) => {}
            Ok(Passage::WithoutToken) => {
                return ResponseFuture::sent(self.inner.call(request), None, None);
            }
            Err(error) => return ResponseFuture::failed(error),
        }
        let mut held = Held::shared();
        if look(&*source, &mut held).is_none() {
            return self.wait(source, request);
        }
        let Some(token) = held.take() else {
            return self.wait(source, request);
        };
        let config = self.config;
        let departed = self.send(&token, request);
        let sending = departed
            .attached
            .then(|| Sending::Own(Attempt::new(source, token, config)));
        ResponseFuture::sent(departed.future, sending, departed.spare)
    }

    /// Leaves a clone behind and takes the service that was polled ready along into the wait.
    ///
    /// Which headers the token would set is not known yet, so the usual one is assumed: whoever authenticates a request
    /// without us must not wait for a token that it does not need.
    fn wait<B>(self, source: Arc<dyn TokenSource>, request: Request<B>) -> ResponseFuture<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        if request.headers().contains_key(AUTHORIZATION) {
            return ResponseFuture::sent(self.inner.call(request), None, None);
        }
        let clone = self.inner.clone();
        ResponseFuture::waiting(Waiting {
            service: mem::replace(self.inner, clone),
            config: Arc::clone(self.config),
            replay: self.replay.clone(),
            source,
            request,
        })
    }

    /// Sends a request with `token`, if it carries none of the token's headers, and keeps what a second sending needs.
    #[inline]
    pub(crate) fn send<B>(self, token: &Token, mut request: Request<B>) -> Departed<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        if !self.replay.keeps(request.body()) {
            let attached = attach(request.headers_mut(), token);
            let future = self.inner.call(request);
            return Departed {
                future,
                attached,
                spare: None,
            };
        }
        if carries(request.headers(), token) {
            let future = self.inner.call(request);
            return Departed {
                future,
                attached: false,
                spare: None,
            };
        }
        let (mut request, spare) = Spare::keep(self.inner, self.config, self.replay, request);
        token.apply(request.headers_mut());
        let future = self.inner.call(request);
        Departed {
            future,
            attached: true,
            spare,
        }
    }
}

/// Looks for a token, and gets a renewal going if it is time.
#[inline]
fn look<'a>(source: &dyn TokenSource, held: &'a mut Held) -> Option<&'a Token> {
    match source.peek(held) {
        Peek::Ready => {}
        Peek::Renew => source.renew(),
        Peek::Absent => return None,
    }
    // A source that breaks its contract and leaves nothing behind is waited for.
    held.token()
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
