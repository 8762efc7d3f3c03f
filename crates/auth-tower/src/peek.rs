//! Showing the beginning of a response body to the refusal rule.

mod body;
mod future;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

pub use body::PeekedBody;
pub use future::PeekFuture;

type Choice = Arc<dyn Fn(StatusCode) -> bool + Send + Sync>;

/// Reads the beginning of some response bodies and shows it to [`AuthLayer::refusal`](crate::AuthLayer::refusal).
///
/// It stands below the [`AuthLayer`](crate::AuthLayer). Nothing of the body is lost: what was read is handed on.
///
/// # Example
///
/// ```
/// use auth_core::TokenSource;
/// use auth_tower::{Auth, AuthLayer, Never, PeekBody, PeekBodyLayer};
/// use http::StatusCode;
/// use tower_layer::Layer;
///
/// fn client<S>(inner: S, source: impl TokenSource + 'static) -> Auth<PeekBody<S>, Never> {
///     let peek = PeekBodyLayer::new(1024, |status| status == StatusCode::FORBIDDEN);
///     let auth = AuthLayer::new(source).replay(Never).refusal(|answer| {
///         answer.is_unauthenticated()
///             || answer.body().is_some_and(|body| body.starts_with(b"{\"error\":\"expired\""))
///     });
///     auth.layer(peek.layer(inner))
/// }
/// ```
#[derive(Clone)]
pub struct PeekBodyLayer {
    limit: usize,
    choice: Choice,
}

impl PeekBodyLayer {
    /// Returns a layer that reads up to `limit` bytes of the responses whose status `choice` picks.
    pub fn new(limit: usize, choice: impl Fn(StatusCode) -> bool + Send + Sync + 'static) -> Self {
        Self {
            limit,
            choice: Arc::new(choice),
        }
    }
}

impl<S> Layer<S> for PeekBodyLayer {
    type Service = PeekBody<S>;

    fn layer(&self, inner: S) -> PeekBody<S> {
        PeekBody {
            inner,
            layer: self.clone(),
        }
    }
}

impl fmt::Debug for PeekBodyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeekBodyLayer")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A service that reads the beginning of some response bodies. Made by [`PeekBodyLayer`].
#[derive(Clone, Debug)]
pub struct PeekBody<S> {
    inner: S,
    layer: PeekBodyLayer,
}

impl<S, Q, R> Service<Request<Q>> for PeekBody<S>
where
    S: Service<Request<Q>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<PeekedBody<R>>;
    type Error = S::Error;
    type Future = PeekFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        PeekFuture::new(self.inner.call(request), self.layer.clone())
    }
}

/// The beginning of a response body, in the response's extensions.
#[derive(Clone)]
pub struct Peeked {
    bytes: Bytes,
    whole: bool,
}

impl Peeked {
    /// Returns what was read.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns whether that is all of the body.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl fmt::Debug for Peeked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peeked")
            .field("length", &self.bytes.len())
            .field("whole", &self.whole)
            .finish()
    }
}

#[cfg(test)]
mod tests;
