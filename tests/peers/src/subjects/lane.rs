//! How requests are driven.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, Uri,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use tower::{BoxError, Service, ServiceExt};

use super::Lanes;

/// The token of everybody who can be told one: as long as those of the clouds usually are.
pub const TOKEN: &str = "made-up.eyJzdWIiOiJub2JvZHkiLCJhdWQiOiJub3doZXJlIn0.0123456789abcdefghijklmnopqrstuvwxyz\
    0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz";

/// The body of every request.
pub const BODY: &[u8] = b"{\"made\":\"up\"}";

/// One thread's way of sending requests.
#[async_trait]
pub trait Lane: Send {
    /// Builds, sends and drops that many requests, one after the other.
    async fn drive(&mut self, requests: u64);
}

/// Returns the request that everybody sends: an address, two headers and a small body.
pub fn request() -> Request<Bytes> {
    let mut request = Request::new(Bytes::from_static(BODY));
    *request.uri_mut() = Uri::from_static("https://api.example/v1/things?page=2");
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("peers/1"));
    request
}

/// Answers at once and does nothing else.
#[derive(Clone, Copy)]
pub struct Nothing;

impl Service<Request<Bytes>> for Nothing {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        // The optimizer must believe that somebody reads the request.
        black_box(&request);
        ready(Ok(Response::new(Bytes::new())))
    }
}

/// Sends every request through one handle.
struct Kept<S>(S);

#[async_trait]
impl<S> Lane for Kept<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Send,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let ready = self.0.ready().await;
            let ready = ready.map_err(Into::into).expect("a no-op service is ready");
            let response = ready.call(request()).await.map_err(Into::into);
            black_box(response.expect("a no-op service answers"));
        }
    }
}

/// Returns lanes that each keep a clone of `service`.
pub fn kept<S>(service: S) -> Lanes
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    Box::new(move || Box::new(Kept(service.clone())))
}

/// Clones the service for each request, as `oneshot` on a shared client does.
struct Cloned<S>(S);

#[async_trait]
impl<S> Lane for Cloned<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let response = self.0.clone().oneshot(request()).await.map_err(Into::into);
            black_box(response.expect("a no-op service answers"));
        }
    }
}

/// Returns lanes that each clone `service` for every request.
pub fn cloned<S>(service: S) -> Lanes
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    Box::new(move || Box::new(Cloned(service.clone())))
}

/// Something that is asked for headers before each request, as crates without a layer are.
pub trait Stamp: Send + Sync + 'static {
    /// Puts the token on a request.
    fn stamp(&self, headers: &mut HeaderMap) -> impl Future<Output = Result<(), BoxError>> + Send;
}

struct Stamped<T>(Arc<T>);

#[async_trait]
impl<T: Stamp> Lane for Stamped<T> {
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let mut request = request();
            let stamped = self.0.stamp(request.headers_mut()).await;
            stamped.expect("a token that was there is there");
            let response = Nothing.call(request).await;
            black_box(response.expect("a no-op service answers"));
        }
    }
}

/// Returns lanes that all ask `stamp`, after it was asked once.
///
/// # Errors
///
/// What it said instead of a token.
pub async fn stamped(stamp: impl Stamp) -> Result<Lanes, String> {
    let mut headers = HeaderMap::new();
    let first = stamp.stamp(&mut headers).await;
    first.map_err(|error| error.to_string())?;
    if !headers.contains_key(AUTHORIZATION) {
        return Err("it put no token on the request".to_owned());
    }
    let stamp = Arc::new(stamp);
    Ok(Box::new(move || Box::new(Stamped(Arc::clone(&stamp)))))
}
