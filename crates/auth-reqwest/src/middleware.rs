//! The layer for users of `reqwest-middleware`.

mod copy;
mod direct;
mod layered;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use auth_core::TokenSource;
use auth_tower::AuthLayer;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use self::{
    direct::{Sent, Unclear},
    layered::ReplayMatter,
};

/// Authenticates every request of a `reqwest_middleware` client, by the rules of `auth-tower`'s layer.
///
/// In short: a token goes only to the origins of its source, a request that already carries one of its headers is left
/// alone, and after a refusal the request is sent once more with the next token if its body is in memory. Middleware
/// after this one runs again then, middleware before it does not.
///
/// The layer sees the extensions that go along with the request: `with_extension(NoAuth)`, an `Arc<dyn TokenSource>`, or
/// the key of a route. A `reqwest::Request` made of a request of the `http` crate hides that one's extensions: `NoAuth`
/// among them is not seen, and a second sending goes without them. Hand them to `execute_with_extensions`.
///
/// The client below must not follow redirects; make it with
/// [`client_without_redirects`](crate::client_without_redirects), which says why.
///
/// # Errors
///
/// A request fails with `reqwest_middleware::Error::Middleware` that holds an
/// [`AuthError`](auth_tower::AuthError), found by `downcast_ref`, where authentication stood in the way. Errors of the
/// client come without the address.
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
    layer: AuthLayer<ReplayMatter>,
    /// The one source of a layer without options, most of whose requests need not pass through it.
    source: Option<Arc<dyn TokenSource>>,
}

impl AuthMiddleware {
    /// Returns a middleware that takes every token from `source`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        let source: Arc<dyn TokenSource> = Arc::new(source);
        Self {
            layer: AuthLayer::new(Arc::clone(&source)).replay(ReplayMatter),
            source: Some(source),
        }
    }

    /// Returns a middleware with the options of `layer`: routes, what counts as a refusal, and so on.
    ///
    /// Its layer may have a route, which looks at the whole address and all extensions, so each request pays for a copy
    /// of both.
    pub fn from_layer(layer: AuthLayer) -> Self {
        Self {
            layer: layer.replay(ReplayMatter),
            source: None,
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
        let (sent, response) = self.depart(request, &mut *extensions, next.clone());
        let response = response.await.map_err(Error::without_url)?;
        match sent {
            Some(sent) if layered::refuses(&response) => {
                let request = Ok(sent.answered(layered::opened(response)));
                // In a box, so that what is rare makes no request larger.
                Box::pin(layered::send(&self.layer, request, extensions, next)).await
            }
            _ => Ok(response),
        }
    }
}

impl AuthMiddleware {
    /// Sends a request, and returns what is remembered of one that did not pass through the layer.
    fn depart<'a>(
        &'a self,
        mut request: Request,
        extensions: &'a mut Extensions,
        next: Next<'a>,
    ) -> (Option<Sent>, Answer<'a>) {
        let sent = match &self.source {
            Some(source) => direct::attach(source, &mut request, extensions),
            None => Err(Unclear),
        };
        match sent {
            Ok(sent) => (sent, next.run(request, extensions)),
            Err(Unclear) => {
                let request = layered::unsent(request, extensions.clone());
                let answer = layered::send(&self.layer, request, extensions, next);
                (None, Box::pin(answer))
            }
        }
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response>> + Send + 'a>>;

impl fmt::Debug for AuthMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthMiddleware").field(&self.layer).finish()
    }
}

#[cfg(test)]
mod tests;
