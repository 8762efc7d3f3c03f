//! The service that puts tokens on requests.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use auth_core::{Held, Peek, TokenSource};
use http::{Request, Response, header::AUTHORIZATION};
use tower_service::Service;

use crate::{
    AuthError, BoxError, Known, NoAuth, Reason, Replay, RequestHead, ResponseFuture,
    attempt::{Attempt, Sending, carries},
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
    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.prepare(&request) {
            Ok(sending) => {
                let departed = depart(
                    &mut self.inner,
                    &self.config,
                    &self.replay,
                    request,
                    sending,
                );
                ResponseFuture::sent(departed)
            }
            Err(Stay::Fail(error)) => ResponseFuture::failed(error),
            Err(Stay::Wait(source)) => self.wait(source, request),
        }
    }
}

/// Why a request is not sent at once.
enum Stay {
    Wait(Arc<dyn TokenSource>),
    Fail(AuthError),
}

impl<S, P> Auth<S, P> {
    /// Returns the token to send a request with, or nothing where it is sent as it is.
    #[inline]
    fn prepare<B>(&mut self, request: &Request<B>) -> Result<Option<Sending>, Stay> {
        let extensions = request.extensions();
        let mut chosen = None;
        if !extensions.is_empty() {
            if extensions.get::<NoAuth>().is_some() {
                return Ok(None);
            }
            chosen = extensions.get::<Arc<dyn TokenSource>>().cloned();
        }
        let config = &*self.config;
        let chosen = match (chosen, &config.selector) {
            (Some(chosen), _) => chosen,
            (None, Selector::Fixed(source)) => {
                if !admit(config, source, request)? {
                    return Ok(None);
                }
                let sending =
                    look(&**source, self.seat.held()).then(|| self.seat.sending(source, config));
                return found(source, request, sending.flatten());
            }
            (None, Selector::Routed(route)) => {
                let chosen = route.source(&RequestHead::of(request));
                chosen.map_err(|cause| Stay::Fail(AuthError::new(Reason::Route, cause)))?
            }
        };
        if !admit(config, &chosen, request)? {
            return Ok(None);
        }
        let mut held = Held::shared();
        let token = look(&*chosen, &mut held).then(|| held.take());
        match token.flatten() {
            Some(token) => Ok(Some(Sending::Own(Attempt::new(chosen, token, config)))),
            None => found(&chosen, request, None),
        }
    }

    /// Leaves a clone behind and takes the service that was polled ready along into the wait.
    #[cold]
    fn wait<B>(
        &mut self,
        source: Arc<dyn TokenSource>,
        request: Request<B>,
    ) -> ResponseFuture<S, B, P>
    where
        S: Service<Request<B>> + Clone,
        P: Replay<B> + Clone,
    {
        let clone = self.inner.clone();
        ResponseFuture::waiting(Waiting {
            service: mem::replace(&mut self.inner, clone),
            config: Arc::clone(&self.config),
            replay: self.replay.clone(),
            source,
            request,
        })
    }
}

/// Returns whether the request gets a token.
#[inline]
fn admit<B>(
    config: &Config,
    source: &Arc<dyn TokenSource>,
    request: &Request<B>,
) -> Result<bool, Stay> {
    match config.admit(&**source, request.uri()) {
        Ok(passage) => Ok(passage == Passage::WithToken),
        Err(error) => Err(Stay::Fail(error)),
    }
}

/// Without a token the request waits for one.
///
/// Which headers the token would set is not known then, so the usual one is assumed: whoever authenticates a request
/// without us must not wait for a token that it does not need.
#[inline]
fn found<B>(
    source: &Arc<dyn TokenSource>,
    request: &Request<B>,
    sending: Option<Sending>,
) -> Result<Option<Sending>, Stay> {
    if sending.is_none() && !request.headers().contains_key(AUTHORIZATION) {
        return Err(Stay::Wait(Arc::clone(source)));
    }
    Ok(sending)
}

/// A request that is on its way.
pub(crate) struct Departed<S: Service<Request<B>>, B, P: Replay<B>> {
    pub(crate) future: S::Future,
    /// The token that was put on it.
    pub(crate) sending: Option<Sending>,
    pub(crate) spare: Option<Box<Spare<S, B, P>>>,
}

/// Sends a request with a token, if it carries none of the token's headers, and keeps what a second sending needs.
#[inline]
pub(crate) fn depart<S, B, P>(
    inner: &mut S,
    config: &Arc<Config>,
    replay: &P,
    mut request: Request<B>,
    sending: Option<Sending>,
) -> Departed<S, B, P>
where
    S: Service<Request<B>> + Clone,
    P: Replay<B> + Clone,
{
    let sending = sending.filter(|sending| !carries(request.headers(), &sending.token));
    let mut spare = None;
    if let Some(sending) = &sending {
        if replay.keeps(request.body()) {
            (request, spare) = Spare::keep(inner, config, replay, request);
        }
        sending.token.apply(request.headers_mut());
    }
    Departed {
        future: inner.call(request),
        sending,
        spare,
    }
}

/// Looks for a token, and gets a renewal going if it is time.
#[inline]
fn look(source: &dyn TokenSource, held: &mut Held) -> bool {
    match source.peek(held) {
        Peek::Ready => true,
        Peek::Renew => {
            source.renew();
            true
        }
        Peek::Absent => false,
    }
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
