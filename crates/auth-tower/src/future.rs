//! The future of a request on its way through the layer.

mod stay;

use std::{
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use self::stay::{Next, Refused};
pub(crate) use self::stay::{Stay, Waiting};
use crate::{
    BoxError, Replay,
    attempt::{Attempt, Heard, Sending},
    replay::spare::Spare,
    trailers::Watched,
};

pin_project! {
    /// The answer to a request that was sent through [`Auth`](crate::Auth).
    ///
    /// While the token is at hand this is the inner service's future and what it takes to hear a refusal. What a second
    /// sending needs, and what must wait for a token, is put in a box.
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
    pub(crate) enum State<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        Sent {
            #[pin]
            future: S::Future,
            sent: Option<Sent<S, B, P>>,
        },
        Stays {
            stay: Stay<S, B, S::Response, P>,
        },
    }
}

/// What is remembered of a request that went out with a token.
pub(crate) enum Sent<S, B, P: Replay<B>> {
    Once(Sending),
    /// It can be sent again.
    Spared(Box<Spare<S, B, P>>),
}

impl<S, B, P> From<State<S, B, P>> for ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
    P: Replay<B>,
{
    #[inline]
    fn from(state: State<S, B, P>) -> Self {
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

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                Step::Sent { future, sent } => {
                    let answer = ready!(future.poll(cx));
                    let heard = match (&answer, &*sent) {
                        (Ok(response), Some(sent)) => sent.attempt().hear(response),
                        _ => Heard::Nothing,
                    };
                    if heard == Heard::Nothing {
                        // Who keeps the future must not keep the request with it.
                        *sent = None;
                        return Poll::Ready(answer.map_err(Into::into));
                    }
                    let sent = sent
                        .take()
                        .expect("only what was sent with a token is heard");
                    sent.hear(answer.map_err(Into::into)?, heard)
                }
                Step::Stays { stay } => ready!(stay.poll(cx))?,
            };
            match next {
                ControlFlow::Continue(next) => state.set(next),
                ControlFlow::Break(response) => return Poll::Ready(Ok(response)),
            }
        }
    }
}

impl<S, B, P> State<S, B, P>
where
    S: Service<Request<B>> + Clone,
    P: Replay<B> + Clone,
{
    /// Sends a request that has its token, and keeps what a second sending needs.
    #[inline]
    pub(crate) fn sent(
        inner: &mut S,
        replay: &P,
        request: Request<B>,
        sending: Option<Sending>,
    ) -> Self {
        match sending {
            Some(sending) if replay.keeps(request.body()) => {
                let (request, sent) = Spare::keep(inner, replay, request, sending);
                Self::Sent {
                    future: inner.call(request),
                    sent: Some(sent),
                }
            }
            sending => Self::Sent {
                future: inner.call(request),
                sent: sending.map(Sent::Once),
            },
        }
    }
}

impl<S, B, P: Replay<B>> Sent<S, B, P> {
    #[inline]
    fn attempt(&self) -> &Attempt {
        match self {
            Self::Once(sending) => sending,
            Self::Spared(spare) => &spare.sending,
        }
    }

    /// Hands out a response that says something of the token, or lets the request wait for another token.
    fn hear<R>(self, mut response: Response<R>, heard: Heard) -> Next<S, B, R, P>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        if heard != Heard::Refused {
            // Whoever looks at the trailers knows then which token they may refuse.
            let watched = Watched::of(self.attempt());
            response.extensions_mut().insert(watched);
            return ControlFlow::Break(response);
        }
        // First of all, for others may be about to send it.
        self.attempt().reject();
        let Self::Spared(spare) = self else {
            return ControlFlow::Break(response);
        };
        let (attempt, restored) = (*spare).restore();
        match restored {
            None => ControlFlow::Break(response),
            Some((service, request)) => {
                let stay = Stay::refused(Refused {
                    response,
                    request,
                    service,
                    attempt,
                });
                ControlFlow::Continue(State::Stays { stay })
            }
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
            State::Stays { stay } => stay.name(),
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}

#[cfg(test)]
mod tests;
