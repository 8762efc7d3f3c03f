//! The way to a server without a socket.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, Transport};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response,
    header::{CONTENT_LENGTH, HOST},
};
use tokio::task::yield_now;

use super::{
    Shared,
    h2::{map, translate},
};

/// Brings requests to a [`Server`](super::Server) through memory, so that every wait on the way is known.
///
/// A request is on its way for so many [`steps`](Self::steps), each a wait that wakes itself. Then the server has it,
/// does its work and writes its ledger, all at once and whether or not anybody still waits for the answer; and the
/// answer is on its way for as many steps. On a runtime of one thread each step is one turn of all tasks.
///
/// Faults that are planned play no part.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use auth_testkit::{ManualClock, OrgApiEmulator};
/// use http::Request;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = OrgApiEmulator::start(Arc::new(ManualClock::new())).await?;
/// let way = emulator.server().in_memory().steps(2);
/// let request = Request::get(emulator.demo_url()).body(Default::default()).unwrap();
/// assert_eq!(way.deliver(request).await.status(), 401);
/// assert_eq!(emulator.ledger().connections(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InMemory {
    shared: Arc<Shared>,
    steps: usize,
}

impl InMemory {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, steps: 1 }
    }

    /// Sets how many waits there are on the way to the server, and as many on the way back. One, unless told otherwise.
    #[must_use]
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Brings `request` to the server, with the headers that an HTTP/1.1 client adds, and returns the answer. Trailers
    /// stand in its extensions, as a [`HeaderMap`].
    ///
    /// # Cancellation
    ///
    /// A request that is dropped on its way never arrives. Later the server has done its work, and the answer is lost.
    pub async fn deliver(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.travel().await;
        let answer = {
            let received = self.shared.receive(self.read(request));
            self.shared.process(&received)
        };
        self.travel().await;
        let trailers: HeaderMap = map(&answer.trailers);
        let mut response = self.shared.head(&answer).map(|()| answer.body);
        if !trailers.is_empty() {
            response.extensions_mut().insert(trailers);
        }
        response
    }

    async fn travel(&self) {
        for _ in 0..self.steps {
            yield_now().await;
        }
    }

    fn read(&self, request: Request<Bytes>) -> crate::ledger::Request {
        let (mut parts, body) = request.into_parts();
        if parts.uri.authority().is_some() {
            parts.headers.remove(HOST);
        }
        let tells_length = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
        if tells_length || !body.is_empty() {
            let length = HeaderValue::from(body.len());
            parts.headers.insert(CONTENT_LENGTH, length);
        }
        let mut read = translate(&parts);
        read.body = body;
        read
    }
}

#[async_trait]
impl Transport for InMemory {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        Ok(self.deliver(request).await)
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory")
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
