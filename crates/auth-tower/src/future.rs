//! The future of a request on its way through the layer.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use auth_core::{Token, TokenSource};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    AuthError, BoxError, Reason, Replay,
    attempt::{Attempt, Sending},
    config::Config,
    replay::spare::Spare,
    service::Outlet,
    trailers::Watched,
};

pin_project! {
    /// The answer to a request that was sent through [`Auth`](crate::Auth).
    ///
    /// While the token is at hand this is the inner service's future and nothing else. Only what must wait, for a
    /// token or for a second sending, is put in a box.
    ///
    /// # Cancellation
    ///
    /// Dropping it is safe at any time. Before the request was sent it is never sent; afterwards the inner service's
    /// future is dropped with it, and the server may have processed the request. A wait for a token is given up, but
    /// the exchange that the token source has under way goes on for everybody else. A token that was refused stays
    /// rejected.
    pub struct ResponseFuture<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        #[pin]
        state: State<S, B, P>,
    }
}

pin_project! {
    #[project = Step]
    enum State<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        Sent {
            #[pin]
            future: S::Future,
            attempt: Option<Sending>,
            spare: Option<Box<Spare<S, B, P>>>,
        },
        Waiting {
            token: TokenFuture,
            waiting: Option<Box<Waiting<S, B, P>>>,
        },
        Refused {
            token: TokenFuture,
            refused: Option<Box<Refused<S, B, S::Response>>>,
        },
        Again {
            again: Option<Box<Again<S, B>>>,
        },
        Failed {
            error: Option<AuthError>,
        },
    }
}

type TokenFuture = Pin<Box<dyn Future<Output = Result<Token, auth_core::Error>> + Send>>;

/// A request that waits for its first token, with the service that was polled ready for it.
pub(crate) struct Waiting<S, B, P> {
    pub(crate) service: S,
    pub(crate) config: Arc<Config>,
    pub(crate) replay: P,
    pub(crate) source: Arc<dyn TokenSource>,
    pub(crate) request: Request<B>,
}

/// A response that refused its token, and the request that is sent again if another token comes.
struct Refused<S, B, A> {
    response: A,
    request: Request<B>,
    service: S,
    config: Arc<Config>,
    attempt: Sending,
}

/// A request that is sent again as soon as the service is ready.
struct Again<S, B> {
    service: S,
    request: Request<B>,
    attempt: Option<Attempt>,
}

const POLLED_AGAIN: &str = "a future is not polled after it completed";

impl<S, B, P> ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
    P: Replay<B>,
{
    pub(crate) fn sent(
        future: S::Future,
        attempt: Option<Sending>,
        spare: Option<Box<Spare<S, B, P>>>,
    ) -> Self {
        let state = State::Sent {
            future,
            attempt,
            spare,
        };
        Self { state }
    }

    pub(crate) fn waiting(waiting: Waiting<S, B, P>) -> Self {
        let state = State::Waiting {
            token: token_of(&waiting.source),
            waiting: Some(Box::new(waiting)),
        };
        Self { state }
    }

    pub(crate) fn failed(error: AuthError) -> Self {
        let state = State::Failed { error: Some(error) };
        Self { state }
    }
}

fn token_of(source: &Arc<dyn TokenSource>) -> TokenFuture {
    let source = Arc::clone(source);
    Box::pin(async move { source.token().await })
}

impl<S, B, P, R> Future for ResponseFuture<S, B, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: Replay<B> + Clone,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                Step::Sent {
                    future,
                    attempt,
                    spare,
                } => {
                    let response = ready!(future.poll(cx)).map_err(Into::into)?;
                    let Some(attempt) = attempt.take() else {
                        return Poll::Ready(Ok(response));
                    };
                    match State::after(response, attempt, spare.take()) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(next) => next,
                    }
                }
                Step::Waiting { token, waiting } => {
                    let token = ready!(token.as_mut().poll(cx));
                    waiting.take().expect(POLLED_AGAIN).proceed(token)?
                }
                Step::Refused { token, refused } => {
                    let token = ready!(token.as_mut().poll(cx));
                    match refused.take().expect(POLLED_AGAIN).proceed(token)? {
                        Ok(again) => State::Again {
                            again: Some(Box::new(again)),
                        },
                        Err(response) => return Poll::Ready(Ok(response)),
                    }
                }
                Step::Again { again } => {
                    let waiting = again.as_mut().expect(POLLED_AGAIN);
                    ready!(waiting.service.poll_ready(cx)).map_err(Into::into)?;
                    again.take().expect(POLLED_AGAIN).send()
                }
                Step::Failed { error } => {
                    return Poll::Ready(Err(error.take().expect(POLLED_AGAIN).into()));
                }
            };
            state.set(next);
        }
    }
}

impl<S, B, P, R> State<S, B, P>
where
    S: Service<Request<B>, Response = Response<R>>,
    P: Replay<B>,
{
    /// Decides what a response means: it is handed to the caller, or the request waits for another token.
    fn after(
        mut response: Response<R>,
        attempt: Sending,
        spare: Option<Box<Spare<S, B, P>>>,
    ) -> Result<Response<R>, Self> {
        if !attempt.is_refused(&response) {
            if attempt.watched {
                let watched = Watched(attempt.into_shared());
                response.extensions_mut().insert(watched);
            }
            return Ok(response);
        }
        attempt.reject();
        let Some((service, config, request)) = spare.and_then(|spare| spare.restore()) else {
            return Ok(response);
        };
        Err(Self::Refused {
            token: token_of(&attempt.source),
            refused: Some(Box::new(Refused {
                response,
                request,
                service,
                config,
                attempt,
            })),
        })
    }
}

impl<S, B, P> Waiting<S, B, P>
where
    S: Service<Request<B>> + Clone,
    P: Replay<B> + Clone,
{
    fn proceed(
        mut self: Box<Self>,
        token: Result<Token, auth_core::Error>,
    ) -> Result<State<S, B, P>, AuthError> {
        let token = match token {
            Ok(token) => token,
            Err(_) if self.config.anonymous => {
                return Ok(State::Sent {
                    future: self.service.call(self.request),
                    attempt: None,
                    spare: None,
                });
            }
            Err(cause) => return Err(AuthError::new(Reason::Token, cause)),
        };
        let outlet = Outlet {
            inner: &mut self.service,
            config: &self.config,
            replay: &self.replay,
        };
        let (future, attached, spare) = outlet.send(&token, self.request);
        let (source, config) = (self.source, self.config);
        let attempt = attached.then(|| Sending::Own(Attempt::new(source, token, &config)));
        Ok(State::Sent {
            future,
            attempt,
            spare,
        })
    }
}

impl<S, B, A> Refused<S, B, A> {
    /// Prepares the second sending, or gives the response back if the token is still the one that was refused.
    fn proceed(
        mut self: Box<Self>,
        token: Result<Token, auth_core::Error>,
    ) -> Result<Result<Again<S, B>, A>, AuthError> {
        let token = token.map_err(|cause| AuthError::new(Reason::NextToken, cause))?;
        if token.generation() == self.attempt.token.generation() {
            return Ok(Err(self.response));
        }
        let source = Arc::clone(&self.attempt.source);
        self.config.admit(&*source, self.request.uri())?;
        token.apply(self.request.headers_mut());
        let attempt = Attempt::new(source, token, &self.config);
        Ok(Ok(Again {
            service: self.service,
            request: self.request,
            attempt: Some(attempt),
        }))
    }
}

impl<S, B> Again<S, B> {
    fn send<P>(mut self: Box<Self>) -> State<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        State::Sent {
            future: self.service.call(self.request),
            attempt: self.attempt.map(Sending::Own),
            spare: None,
        }
    }
}

impl<S, B, P> fmt::Debug for ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
    P: Replay<B>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Sent { .. } => "sent",
            State::Waiting { .. } => "waiting for a token",
            State::Refused { .. } => "waiting for another token",
            State::Again { .. } => "waiting to send again",
            State::Failed { .. } => "failed",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
