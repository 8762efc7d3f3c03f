//! One HTTP/2 connection with prior knowledge, as gRPC clients open it.

use std::{convert::Infallible, fmt, io, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, request::Parts};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::AsyncReadExt,
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

use super::{Answer, Fault, Shared, answer::http_date};
use crate::ledger::Request;

type Body = BoxBody<Bytes, Infallible>;

pub(super) async fn serve(
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    early: Bytes,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let stream = tokio::io::join(io::Cursor::new(early).chain(read), write);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move { exchange(&shared, request).await }
    });
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// Ends a stream without an answer.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream is made to fail")
    }
}

impl std::error::Error for Reset {}

async fn exchange(
    shared: &Shared,
    request: http::Request<Incoming>,
) -> Result<Response<Body>, Reset> {
    let (parts, body) = request.into_parts();
    let mut request = translate(&parts).over_http2();
    let fault = shared.faults.take(request.path());
    if !matches!(fault, Some(Fault::ResetBefore)) {
        request.body = body.collect().await.map_err(|_| Reset)?.to_bytes();
    }
    let received = shared.receive(request);
    if let Some(Fault::Delay(wait)) = fault {
        shared.wait(wait).await;
    }
    let answer = match &fault {
        None => shared.process(&received),
        Some(fault) => match shared.stand_in(&received, fault) {
            Some(answer) => answer,
            None if fault.processes() => shared.process(&received),
            None => {
                shared.inspect(&received);
                if matches!(fault, Fault::Hang) {
                    std::future::pending::<()>().await;
                }
                return Err(Reset);
            }
        },
    };
    match fault {
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::DelayAnswer(wait)) => shared.wait(wait).await,
        Some(
            Fault::ResetAfter | Fault::ResetMidBody | Fault::Truncated | Fault::SlowBytes { .. },
        ) => return Err(Reset),
        _ => {}
    }
    Ok(write(shared, answer))
}

/// Reads the head of a request, with the host as its first header.
pub(super) fn translate(parts: &Parts) -> Request {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut headers: Vec<(String, String)> = Vec::with_capacity(parts.headers.len() + 1);
    if let Some(authority) = parts.uri.authority() {
        headers.push(("host".into(), authority.to_string()));
    }
    headers.extend(parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    }));
    Request::new(parts.method.as_str(), target, headers)
}

fn write(shared: &Shared, answer: Answer) -> Response<Body> {
    let trailers = map(&answer.trailers);
    shared.head(&answer).map(|()| {
        let body = Full::new(answer.body);
        // Trailers would keep an empty body from ending with its headers, which is what gRPC's short form asks for.
        if trailers.is_empty() {
            body.boxed()
        } else {
            body.with_trailers(async move { Some(Ok(trailers)) })
                .boxed()
        }
    })
}

impl Shared {
    /// Returns status and headers of `answer`, with the date that the emulator tells.
    pub(super) fn head(&self, answer: &Answer) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
        *response.headers_mut() = map(&answer.headers);
        let date = self.handler.date(self.clock.now()).map(http_date);
        if let Some(date) = date.and_then(|date| HeaderValue::from_str(&date).ok()) {
            response.headers_mut().insert(http::header::DATE, date);
        }
        response
    }
}

pub(super) fn map(list: &[(String, String)]) -> HeaderMap {
    list.iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect()
}
