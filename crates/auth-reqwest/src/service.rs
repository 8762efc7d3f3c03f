//! reqwest as a tower service.

mod body;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use auth_core::Error;
use bytes::Bytes;
use http_body::Body;
use tower_service::Service;

use crate::client;

/// reqwest as a tower service over requests of the `http` crate, so that layers fit around it.
///
/// It takes any `http_body::Body`: `reqwest::Body`, `Full<Bytes>`, `Empty<Bytes>`, `String`, boxed bodies. Bare `Bytes`
/// are no body; wrap them in `Full`.
///
/// # Redirects
///
/// This service does not follow redirects and sends no `Referer`. A client that follows them does so *below* the layer
/// that attaches the token, and reqwest then removes only `authorization`, `cookie`, `cookie2`, `proxy-authorization` and
/// `www-authenticate` when the host changes: a token in any other header goes wherever the server points. To follow
/// redirects, put tower-http's `FollowRedirect` *above* the layer, so that it decides anew for each hop; the crate's
/// front page shows how.
///
/// Errors are reqwest's own without the address, whose query may hold a secret.
///
/// # Example
///
/// ```no_run
/// use auth_reqwest::HttpService;
/// use http_body_util::Empty;
/// use tower::ServiceExt;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let request = http::Request::get("https://api.example/v1/things").body(Empty::<bytes::Bytes>::new())?;
/// let response = HttpService::new()?.oneshot(request).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpService(reqwest::Client);

impl HttpService {
    /// Returns a service with reqwest's own TLS settings and without any proxy.
    ///
    /// Proxies named by the environment are left aside, as they would see plain requests to loopback addresses. For a
    /// client that uses them, see [`from_builder`](Self::from_builder).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::from_builder(reqwest::Client::builder().no_proxy())
    }

    /// Returns a service over a client of the caller's making, which follows no redirect and sends no `Referer` whatever
    /// the builder says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where the client cannot be built.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        client::client_without_redirects(builder).map(Self)
    }

    /// Returns a service over a client that is ready made, and trusts it not to follow redirects.
    ///
    /// A client cannot be asked what it does about redirects. One made by `reqwest::Client::new` follows them below every
    /// layer; see above for what that gives away. Use it only for a client built with `redirect::Policy::none()` and
    /// `referer(false)`.
    pub fn dangerous_from_client(client: reqwest::Client) -> Self {
        Self(client)
    }
}

impl<B> Service<http::Request<B>> for HttpService
where
    B: Body + Send + 'static,
    B::Data: Into<Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<reqwest::Body>;
    type Error = reqwest::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let mut request = request.map(body::into_reqwest);
        if request.body().as_bytes().is_some_and(<[u8]>::is_empty) {
            let method = request.method().clone();
            client::announce_empty_body(&method, request.headers_mut());
        }
        ResponseFuture(match request.try_into() {
            Ok(request) => Step::Sending(self.0.call(request)),
            Err(error) => Step::Refused(Some(error)),
        })
    }
}

impl fmt::Debug for HttpService {
    // The client's own text shows its default headers, which may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}

/// The answer of an [`HttpService`] to come.
///
/// # Cancellation
///
/// Dropping it gives the request up. The server may have processed it.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(Step);

enum Step {
    Sending(<reqwest::Client as Service<reqwest::Request>>::Future),
    Refused(Option<reqwest::Error>),
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<reqwest::Body>, reqwest::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.0 {
            Step::Sending(future) => std::task::ready!(Pin::new(future).poll(cx)),
            Step::Refused(error) => Err(error.take().expect("polled again after it was ready")),
        };
        Poll::Ready(match result {
            Ok(response) => Ok(response.into()),
            Err(error) => Err(error.without_url()),
        })
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
