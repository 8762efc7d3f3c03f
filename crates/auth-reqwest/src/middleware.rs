//! The layer for users of `reqwest-middleware`.

mod desk;
mod heading;
mod rest;

use std::{fmt, future::poll_fn, io, mem};

use async_trait::async_trait;
use auth_core::TokenSource;
use auth_tower::{AuthError, AuthLayer, BoxError};
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};
use tower_layer::Layer;
use tower_service::Service;

use self::{
    desk::{Desk, ReplayRequest, Ticket},
    heading::Heading,
    rest::Rest,
};

/// Authenticates every request of a `reqwest_middleware` client, by the rules of `auth-tower`'s layer.
///
/// In short: a token goes only to the origins of its source, a request that already carries one of its headers is left
/// alone, and after a refusal the request is sent once more with the next token if its body is in memory. Middleware
/// after this one runs again then, middleware before it does not.
///
/// The layer sees the extensions that go along with the request: `with_extension(NoAuth)`, an `Arc<dyn TokenSource>`, or
/// the key of a route. A `reqwest::Request` made of a request of the `http` crate hides that one's extensions, so hand
/// them to `execute_with_extensions`.
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
pub struct AuthMiddleware {
    layer: AuthLayer<ReplayRequest>,
    heading: Heading,
}

impl AuthMiddleware {
    /// Returns a middleware that takes every token from `source`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        Self {
            layer: AuthLayer::new(source).replay(ReplayRequest),
            heading: Heading::of_origin(),
        }
    }

    /// Returns a middleware with the options of `layer`: routes, what counts as a refusal, and so on.
    ///
    /// Its layer may have a route, which looks at the whole address and all extensions, so each request pays for a copy
    /// of both.
    pub fn from_layer(layer: AuthLayer) -> Self {
        Self {
            layer: layer.replay(ReplayRequest),
            heading: Heading::Whole,
        }
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
        let mut request = request;
        let uri = match self.heading.uri(request.url()) {
            Some(uri) => uri,
            None => {
                let (uri, read) = heading::converted(request).map_err(without_url)?;
                request = read;
                uri
            }
        };
        let seen = self.heading.extensions(extensions);
        let desk = Desk::new(request, mem::take(extensions));
        let result = self.send(&desk, desk.lay(uri, seen), &next).await;
        let (response, lent) = desk.clear();
        *extensions = lent;
        match (result, response) {
            (Ok(head), Some(response)) => Ok(desk::whole(response, head)),
            (Ok(_), None) => Err(Error::middleware(io::Error::other("no answer was kept"))),
            (Err(error), _) => Err(told(error)),
        }
    }
}

fn without_url(error: reqwest::Error) -> Error {
    error.without_url().into()
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

impl AuthMiddleware {
    /// Sends what lies on the desk, once or twice, and returns the head of the answer.
    async fn send(
        &self,
        desk: &Desk,
        request: http::Request<Ticket<'_>>,
        next: &Next<'_>,
    ) -> std::result::Result<http::Response<()>, BoxError> {
        let mut auth = self.layer.layer(Rest(|headers| {
            desk.take_headers(headers);
            desk.run(next.clone())
        }));
        // Always ready at once, but the contract of a service asks for the question.
        poll_fn(|cx| Service::<http::Request<Ticket<'_>>>::poll_ready(&mut auth, cx)).await?;
        auth.call(request).await
    }
}

impl fmt::Debug for AuthMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthMiddleware").field(&self.layer).finish()
    }
}

#[cfg(test)]
mod tests;
