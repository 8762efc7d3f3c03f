//! Token requests over any tower service.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, MAX_BODY, Origin, Sent, Sleep, SystemClock, Transport};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_ENCODING};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

/// Sends token requests over any HTTP service, such as a hyper-util client.
///
/// The service must not follow redirects and must not repeat requests, so give it the bare client. It must not be the
/// authenticated one: a token request needs no token.
///
/// An answer with a `Content-Encoding` was not asked for and is an error (`content_encoding`), so that a small answer
/// cannot grow large; so is one whose body is longer than [`MAX_BODY`] (`body_too_large`).
pub struct TowerTransport<S: Service<Request<Full<Bytes>>>> {
    /// Locked only to clone it: many services are not `Sync`.
    service: Mutex<S>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    unsent: fn(&S::Error) -> bool,
}

impl<S: Service<Request<Full<Bytes>>>> TowerTransport<S> {
    /// Returns a transport over `service` with a time limit of 30 seconds for each exchange.
    pub fn new(service: S) -> Self {
        Self {
            service: Mutex::new(service),
            clock: Arc::new(SystemClock::new()),
            timeout: Duration::from_secs(30),
            unsent: |_| false,
        }
    }

    /// Says how long one exchange may take, from waiting for the service to the last byte of the answer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says which clock measures the time limit.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Says which errors of the service mean that nothing of the request was sent: a refused connection, a name that
    /// cannot be resolved. Without it none does, and a single-use code is not sent again after any of them.
    ///
    /// # Example
    ///
    /// A service whose errors are those of the operating system. For a hyper-util client it is
    /// `unsent_if(hyper_util::client::legacy::Error::is_connect)`.
    ///
    /// ```
    /// use std::io;
    ///
    /// use auth_tower::TowerTransport;
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    ///
    /// let client = tower::service_fn(|_: Request<Full<Bytes>>| async {
    ///     Err::<Response<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    /// });
    /// let transport = TowerTransport::new(client)
    ///     .unsent_if(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    /// ```
    #[must_use]
    pub fn unsent_if(mut self, unsent: fn(&S::Error) -> bool) -> Self {
        self.unsent = unsent;
        self
    }
}

#[async_trait]
impl<S, R> Transport for TowerTransport<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send,
    S::Future: Send,
    S::Error: Send,
    R: Body + Send,
    R::Data: Send,
    R::Error: Send,
{
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        // A client may call it a passing failure; it is one of the configuration.
        Origin::of(request.uri())?;
        let mut service = {
            let shared = self.service.lock().unwrap_or_else(PoisonError::into_inner);
            shared.clone()
        };
        let deadline = self.clock.monotonic().saturating_add(self.timeout);
        let mut late = self.clock.sleep_until(deadline);
        let ready = poll_fn(|cx| service.poll_ready(cx));
        match within(&mut late, ready).await {
            Some(Ok(())) => {}
            Some(Err(_)) => return Err(unavailable("the HTTP client is not ready to send")),
            None => return Err(unavailable(LATE)),
        }
        let call = service.call(request.map(Full::new));
        match within(&mut late, exchange(call, self.unsent)).await {
            Some(outcome) => outcome,
            None => Err(lost(LATE)),
        }
    }
}

const LATE: &str = "the token endpoint did not answer in time";

/// Waits for the answer and reads it. The client's own errors are dropped: their texts may quote the address.
async fn exchange<F, R, E>(call: F, unsent: fn(&E) -> bool) -> Result<Response<Bytes>, Error>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    let (head, body) = match call.await {
        Ok(answer) => answer.into_parts(),
        Err(error) if unsent(&error) => {
            return Err(unavailable("no connection to the token endpoint"));
        }
        Err(_) => return Err(lost("the exchange with the token endpoint failed")),
    };
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !head.headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(unread(
            "the answer is compressed although that was not asked for; look for a proxy that does it",
            "content_encoding",
            head.status,
        ));
    }
    let too_long = || {
        unread(
            "the answer is longer than a token endpoint's can be; check the address",
            "body_too_large",
            head.status,
        )
    };
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_long());
    }
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(frame) = frame else {
            // What the server decided is as unknown as without any answer, so the status does not make it `Answered`.
            let error = unavailable("the answer of the token endpoint broke off");
            return Err(error.with_status(head.status).with_sent(Sent::Maybe));
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > MAX_BODY - read.len() {
            return Err(too_long());
        }
        read.put(data);
    }
    Ok(Response::from_parts(head, read.freeze()))
}

/// Waits for `work`, but not past `late`.
async fn within<F: Future>(late: &mut Sleep, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => late.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Tells why an answer that came is not read.
fn unread(message: &'static str, code: &'static str, status: StatusCode) -> Error {
    unavailable(message).with_code(code).with_status(status)
}

fn lost(message: &'static str) -> Error {
    unavailable(message).with_sent(Sent::Maybe)
}

fn unavailable(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message)
}

impl<S: Service<Request<Full<Bytes>>>> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
