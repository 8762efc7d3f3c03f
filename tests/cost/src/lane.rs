//! How requests are sent.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{ACCEPT, USER_AGENT},
};
use tower::Service;

/// Answers at once and does nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Nothing;

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

/// Sends requests through one handle.
pub(crate) fn kept<S>(mut service: S, requests: u64)
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
{
    for _ in 0..requests {
        send(&mut service);
    }
}

/// Sends each request through a clone of its own.
pub(crate) fn cloned<S>(service: &S, requests: u64)
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
{
    for _ in 0..requests {
        send(&mut service.clone());
    }
}

/// Nothing here waits, so one poll is enough.
#[inline(always)]
fn send<S>(service: &mut S)
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(service.poll_ready(&mut cx), Poll::Ready(Ok(()))));
    let answer = pin!(service.call(request())).poll(&mut cx);
    assert!(matches!(black_box(answer), Poll::Ready(Ok(_))));
}

/// An address, two headers and a small body.
fn request() -> Request<Bytes> {
    let mut request = Request::new(Bytes::from_static(b"{\"made\":\"up\"}"));
    *request.uri_mut() = Uri::from_static("https://api.example/v1/things?page=2");
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("cost/1"));
    request
}
