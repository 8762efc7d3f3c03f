//! What a request waits for while it is not under way.

use std::{
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use auth_core::{Token, TokenSource};
use http::{Request, Response};
use tower_service::Service;

use super::{Sent, State};
use crate::{
    AuthError, BoxError, Reason, Replay,
    attempt::{Attempt, Sending},
    config::{Config, Passage},
};

/// A wait for a token. It holds the source meanwhile, and gives it back.
type TokenFuture = Pin<Box<dyn Future<Output = Answered> + Send>>;

type Answered = (Result<Token, auth_core::Error>, Arc<dyn TokenSource>);

/// A request that is not under way, and why. What is taken out of it when the wait is over is in a box.
pub(crate) enum Stay<S, B, A, P> {
    Waiting(TokenFuture, Option<Box<Waiting<S, B, P>>>),
    Refused(TokenFuture, Option<Box<Refused<S, B, A>>>),
    Again(Option<Box<Again<S, B>>>),
    Failed(Option<AuthError>),
}

const POLLED_AGAIN: &str = "a future is not polled after it completed";

impl<S, B, A, P> Stay<S, B, A, P> {
    pub(crate) fn waiting(source: Arc<dyn TokenSource>, waiting: Waiting<S, B, P>) -> Self {
        Self::Waiting(token_of(source), Some(Box::new(waiting)))
    }

    pub(super) fn refused(refused: Refused<S, B, A>) -> Self {
        let source = Arc::clone(&refused.attempt.source);
        Self::Refused(token_of(source), Some(Box::new(refused)))
    }

    pub(crate) fn failed(error: AuthError) -> Self {
        Self::Failed(Some(error))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Waiting(..) => "waiting for a token",
            Self::Refused(..) => "waiting for another token",
            Self::Again(_) => "waiting to send again",
            Self::Failed(_) => "failed",
        }
    }
}

/// The response to hand out, or how the request goes on.
pub(super) type Next<S, B, R, P> = ControlFlow<Response<R>, State<S, B, P>>;

/// Starts the wait for a token.
fn token_of(source: Arc<dyn TokenSource>) -> TokenFuture {
    Box::pin(async move { (source.token().await, source) })
}

impl<S, B, R, P> Stay<S, B, Response<R>, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: Replay<B> + Clone,
{
    /// Waits for what is next, which may be the response that refused the first token.
    #[cold]
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Next<S, B, R, P>, BoxError>> {
        let next = match self {
            Self::Waiting(token, waiting) => {
                let (token, source) = ready!(token.as_mut().poll(cx));
                (*waiting.take().expect(POLLED_AGAIN)).proceed(token, source)?
            }
            Self::Refused(token, refused) => {
                let (token, source) = ready!(token.as_mut().poll(cx));
                match (*refused.take().expect(POLLED_AGAIN)).proceed(token, source)? {
                    Ok(again) => State::Stays {
                        stay: Self::Again(Some(Box::new(again))),
                    },
                    Err(response) => return Poll::Ready(Ok(ControlFlow::Break(response))),
                }
            }
            Self::Again(again) => {
                let waiting = again.as_mut().expect(POLLED_AGAIN);
                ready!(waiting.service.poll_ready(cx)).map_err(Into::into)?;
                (*again.take().expect(POLLED_AGAIN)).send()
            }
            Self::Failed(error) => {
                return Poll::Ready(Err(error.take().expect(POLLED_AGAIN).into()));
            }
        };
        Poll::Ready(Ok(ControlFlow::Continue(next)))
    }
}

/// A request that waits for its first token, with the service that was polled ready for it.
pub(crate) struct Waiting<S, B, P> {
    pub(crate) service: S,
    pub(crate) config: Arc<Config>,
    pub(crate) replay: P,
    pub(crate) request: Request<B>,
}

/// A response that refused its token, and the request that is sent again if another token comes.
pub(crate) struct Refused<S, B, A> {
    pub(super) response: A,
    pub(super) request: Request<B>,
    pub(super) service: S,
    pub(super) attempt: Sending,
}

/// A request that is sent again as soon as the service is ready.
pub(crate) struct Again<S, B> {
    service: S,
    request: Request<B>,
    attempt: Attempt,
}

impl<S, B, P> Waiting<S, B, P>
where
    S: Service<Request<B>> + Clone,
    P: Replay<B> + Clone,
{
    /// Sends the request; without a token where the layer was told so, or where the request carries one of its headers.
    fn proceed(
        self,
        token: Result<Token, auth_core::Error>,
        source: Arc<dyn TokenSource>,
    ) -> Result<State<S, B, P>, AuthError> {
        let Self {
            mut service,
            config,
            replay,
            mut request,
        } = self;
        let token = match token {
            Ok(token) => Some(token),
            Err(_) if config.anonymous => None,
            Err(cause) => return Err(AuthError::new(Reason::Token, cause)),
        };
        let attached = token.filter(|token| token.attach(request.headers_mut()));
        let sending = attached.map(|token| Sending::Own(Attempt::new(source, token, config)));
        Ok(State::sent(&mut service, &replay, request, sending))
    }
}

impl<S, B, A> Refused<S, B, A> {
    /// Prepares the second sending, or gives the response back if the token is still the one that was refused, may no
    /// longer go there, or has a header that the request carries.
    fn proceed(
        mut self,
        token: Result<Token, auth_core::Error>,
        source: Arc<dyn TokenSource>,
    ) -> Result<Result<Again<S, B>, A>, AuthError> {
        let token = token.map_err(|cause| AuthError::new(Reason::NextToken, cause))?;
        if token.generation() == self.attempt.token.generation() {
            return Ok(Err(self.response));
        }
        let config = &self.attempt.config;
        match config.admit(&*source, self.request.uri())? {
            Passage::WithToken => {}
            Passage::WithoutToken => return Ok(Err(self.response)),
        }
        if !token.attach(self.request.headers_mut()) {
            return Ok(Err(self.response));
        }
        let attempt = Attempt::new(source, token, Arc::clone(config));
        Ok(Ok(Again {
            service: self.service,
            request: self.request,
            attempt,
        }))
    }
}

impl<S, B> Again<S, B> {
    fn send<P>(mut self) -> State<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        let sending = Sending::Own(self.attempt);
        State::Sent {
            future: self.service.call(self.request),
            sent: Some(Sent::Once(sending)),
        }
    }
}

#[cfg(test)]
mod tests;
