//! The layer for users of `reqwest-middleware`.

use std::{
    fmt,
    future::Future,
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use async_trait::async_trait;
use auth_core::TokenSource;
use auth_tower::{AuthError, AuthLayer, BoxError};
use http::Extensions;
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use reqwest_middleware::{Error, Middleware, Next, Result};
use tower_layer::Layer;
use tower_service::Service;

use crate::ReplayBody;

/// Authenticates every request of a `reqwest_middleware` client, by the rules of `auth-tower`'s layer.
///
/// In short: a token goes only to the origins of its source, a request that already carries one of its headers is left
/// alone, and after a refusal the request is sent once more with the next token if its body is in memory. Middleware
/// after this one runs again then, middleware before it does not.
///
/// The extensions of the request are those that the layer sees: `with_extension(NoAuth)`, an `Arc<dyn TokenSource>`, or
/// the key of a route.
///
/// The client below must not follow redirects; make it with
/// [`client_without_redirects`](crate::client_without_redirects), which says why.
///
/// # Errors
///
/// A request fails with `reqwest_middleware::Error::Middleware` that holds an [`AuthError`], found by `downcast_ref`,
/// where authentication stood in the way. Errors of the client come without the address.
///
/// # Cancellation
///
/// A request may be dropped at any time; see `auth_tower::ResponseFuture`.
///
/// # Example
///
/// ```
/// use auth_core::{Error, TokenSource};
/// use auth_reqwest::{AuthMiddleware, client_without_redirects};
/// use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
///
/// fn client(source: impl TokenSource + 'static) -> Result<ClientWithMiddleware, Error> {
///     let client = client_without_redirects(reqwest::Client::builder())?;
///     Ok(ClientBuilder::new(client).with(AuthMiddleware::new(source)).build())
/// }
/// ```
#[derive(Clone)]
pub struct AuthMiddleware(AuthLayer<ReplayBody>);

impl AuthMiddleware {
    /// Returns a middleware that takes every token from `source`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        Self::from_layer(AuthLayer::new(source))
    }

    /// Returns a middleware with the options of `layer`: routes, what counts as a refusal, and so on.
    pub fn from_layer(layer: AuthLayer) -> Self {
        Self(layer.replay(ReplayBody))
    }
}

#[async_trait]
impl Middleware for AuthMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let mut request = http::Request::<Body>::try_from(request).map_err(without_url)?;
        request.extensions_mut().extend(extensions.clone());
        let rest = Rest {
            next,
            extensions: Arc::new(Mutex::new(mem::take(extensions))),
        };
        let lent = Arc::clone(&rest.extensions);
        let mut auth = self.0.layer(rest);
        // Always ready at once, but the contract of a service asks for the question.
        let ready =
            |cx: &mut Context<'_>| Service::<http::Request<Body>>::poll_ready(&mut auth, cx);
        let ready = std::future::poll_fn(ready).await;
        let result = match ready {
            Ok(()) => auth.call(request).await,
            Err(error) => Err(error),
        };
        *extensions = mem::take(&mut *lock(&lent));
        result.map(Response::from).map_err(told)
    }
}

/// The middleware after this one, and the client, as a service that can be called twice.
#[derive(Clone)]
struct Rest<'a> {
    next: Next<'a>,
    extensions: Arc<Mutex<Extensions>>,
}

impl<'a> Service<http::Request<Body>> for Rest<'a> {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>>> + Send + 'a>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Self { next, extensions } = self.clone();
        Box::pin(async move {
            let request = Request::try_from(request).map_err(without_url)?;
            let mut lent = mem::take(&mut *lock(&extensions));
            let result = next.run(request, &mut lent).await;
            *lock(&extensions) = lent;
            result.map(with_url).map_err(Error::without_url)
        })
    }
}

fn lock(extensions: &Mutex<Extensions>) -> impl std::ops::DerefMut<Target = Extensions> {
    extensions.lock().unwrap_or_else(PoisonError::into_inner)
}

fn without_url(error: reqwest::Error) -> Error {
    error.without_url().into()
}

/// Turns a response into one of the `http` crate that still knows its address when it is turned back.
fn with_url(response: Response) -> http::Response<Body> {
    let url = response.url().clone();
    let mut response = http::Response::from(response);
    let carrier = http::Response::builder().url(url).body(());
    if let Ok(carrier) = carrier {
        let (head, ()) = carrier.into_parts();
        response.extensions_mut().extend(head.extensions);
    }
    response
}

fn told(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(own) => return *own,
        Err(other) => other,
    };
    match error.downcast::<AuthError>() {
        Ok(auth) => Error::middleware(*auth),
        Err(other) => Error::middleware(io::Error::other(other)),
    }
}

impl fmt::Debug for AuthMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthMiddleware").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests;
