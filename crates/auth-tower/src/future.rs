//! The future of a request on its way through the layer.

mod waiting;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

pub(crate) use self::waiting::Waiting;
use self::waiting::{Again, Refused, TokenFuture, token_of};
use crate::{
    AuthError, BoxError, Replay, attempt::Sending, replay::spare::Spare, service::Departed,
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

const POLLED_AGAIN: &str = "a future is not polled after it completed";

impl<S, B, P> ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
    P: Replay<B>,
{
    #[inline]
    pub(crate) fn sent(departed: Departed<S, B, P>) -> Self {
        let state = State::sent(departed);
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
                    match attempt {
                        Some(sent) if sent.is_refused(&response) => {}
                        Some(sent) if sent.watched => {
                            return Poll::Ready(Ok(watched(response, attempt.take())));
                        }
                        _ => {
                            // Who keeps the future must not keep the request with it.
                            *attempt = None;
                            *spare = None;
                            return Poll::Ready(Ok(response));
                        }
                    }
                    let attempt = attempt.take().expect(POLLED_AGAIN);
                    match State::refused(response, attempt, spare.take()) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(next) => next,
                    }
                }
                Step::Waiting { token, waiting } => {
                    let token = ready!(token.as_mut().poll(cx));
                    (*waiting.take().expect(POLLED_AGAIN)).proceed(token)?
                }
                Step::Refused { token, refused } => {
                    let token = ready!(token.as_mut().poll(cx));
                    match (*refused.take().expect(POLLED_AGAIN)).proceed(token)? {
                        Ok(again) => State::Again {
                            again: Some(Box::new(again)),
                        },
                        Err(response) => return Poll::Ready(Ok(response)),
                    }
                }
                Step::Again { again } => {
                    let waiting = again.as_mut().expect(POLLED_AGAIN);
                    ready!(waiting.service.poll_ready(cx)).map_err(Into::into)?;
                    (*again.take().expect(POLLED_AGAIN)).send()
                }
                Step::Failed { error } => {
                    return Poll::Ready(Err(error.take().expect(POLLED_AGAIN).into()));
                }
            };
            state.set(next);
        }
    }
}

impl<S, B, P> State<S, B, P>
where
    S: Service<Request<B>>,
    P: Replay<B>,
{
    #[inline]
    fn sent(departed: Departed<S, B, P>) -> Self {
        Self::Sent {
            future: departed.future,
            attempt: departed.sending,
            spare: departed.spare,
        }
    }
}

impl<S, B, P, R> State<S, B, P>
where
    S: Service<Request<B>, Response = Response<R>>,
    P: Replay<B>,
{
    /// Rejects the token of a response that refused it. The request waits for another, or the response is handed out.
    fn refused(
        response: Response<R>,
        attempt: Sending,
        spare: Option<Box<Spare<S, B, P>>>,
    ) -> Result<Response<R>, Self> {
        attempt.reject();
        let Some((service, config, request)) = spare.and_then(|spare| (*spare).restore()) else {
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

/// Lets whoever looks at the trailers know which token they may refuse.
fn watched<R>(mut response: Response<R>, attempt: Option<Sending>) -> Response<R> {
    if let Some(attempt) = attempt {
        let watched = Watched(attempt.into_shared());
        response.extensions_mut().insert(watched);
    }
    response
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

#[cfg(test)]
mod tests;
