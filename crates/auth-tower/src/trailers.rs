//! Tokens that are refused in the trailers of a gRPC stream.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use auth_core::{Token, TokenSource};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Auth, AuthLayer, Known,
    answer::GRPC_STATUS,
    attempt::{self, Attempt},
};

/// What a response that is still to end may refuse, passed from [`Auth`] to [`WatchTrailers`]. It holds nothing more: a
/// response may outlive the client by hours.
#[derive(Clone)]
pub(crate) struct Watched {
    source: Arc<dyn TokenSource>,
    token: Token,
}

impl Watched {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        Self {
            source: Arc::clone(&attempt.source),
            token: attempt.token.clone(),
        }
    }
}

/// Makes [`WatchTrailers`] services. Made by [`AuthLayer::watch_trailers`].
#[derive(Clone, Debug)]
pub struct WatchTrailersLayer<P = Known> {
    auth: AuthLayer<P>,
}

impl<P> WatchTrailersLayer<P> {
    pub(crate) fn new(auth: AuthLayer<P>) -> Self {
        Self { auth }
    }
}

impl<S, P: Clone> Layer<S> for WatchTrailersLayer<P> {
    type Service = WatchTrailers<Auth<S, P>>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchTrailers {
            inner: self.auth.layer(inner),
        }
    }
}

/// Rejects the token of a response whose trailers say `grpc-status: 16`, so that the next request gets another.
///
/// Nothing is replayed: the caller has seen a part of the stream.
#[derive(Clone, Debug)]
pub struct WatchTrailers<S> {
    inner: S,
}

impl<S> WatchTrailers<S> {
    /// Returns the service below.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S, Q, R> Service<Request<Q>> for WatchTrailers<S>
where
    S: Service<Request<Q>, Response = Response<R>>,
{
    type Response = Response<WatchedBody<R>>;
    type Error = S::Error;
    type Future = WatchTrailersFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        WatchTrailersFuture {
            future: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The future of [`WatchTrailers`].
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner service's future.
    #[derive(Debug)]
    pub struct WatchTrailersFuture<F> {
        #[pin]
        future: F,
    }
}

impl<F, R, E> Future for WatchTrailersFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<WatchedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.project().future.poll(cx))?;
        let watched = response.extensions_mut().remove::<Watched>();
        Poll::Ready(Ok(response.map(|body| WatchedBody { body, watched })))
    }
}

pin_project! {
    /// A response body whose trailers are looked at as they pass.
    ///
    /// # Cancellation
    ///
    /// A body that is dropped before its trailers have come rejects nothing.
    pub struct WatchedBody<R> {
        #[pin]
        body: R,
        watched: Option<Watched>,
    }
}

impl<R: Body> Body for WatchedBody<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        let trailers = frame
            .as_ref()
            .and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if trailers.is_some_and(is_unauthenticated) {
            if let Some(Watched { source, token }) = this.watched.take() {
                attempt::reject(&*source, &token);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_unauthenticated(trailers: &HeaderMap) -> bool {
    trailers
        .get(&GRPC_STATUS)
        .is_some_and(|status| status == "16")
}

impl<R> fmt::Debug for WatchedBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedBody(..)")
    }
}

#[cfg(test)]
mod tests;
