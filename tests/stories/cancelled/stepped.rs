//! A store and a service that take their time: every call waits once before it is done and once after.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use auth_core::{Error, Intent, Lease, MemoryStore, Record, StoreKey, TokenSet, TokenStore};
use auth_testkit::InMemory;
use auth_tower::BoxError;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::task::yield_now;
use tower_service::Service;

/// How many waits there are on the way to a server and on the way back.
pub(super) const STEPS: usize = 2;

/// A store in memory that waits as one does that is elsewhere.
#[derive(Clone)]
pub(super) struct SteppedStore(pub(super) MemoryStore);

struct SteppedLease(Box<dyn Lease>);

async fn stepped<T>(call: impl Future<Output = T> + Send) -> T {
    yield_now().await;
    let outcome = call.await;
    yield_now().await;
    outcome
}

#[async_trait]
impl TokenStore for SteppedStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        stepped(self.0.load(key)).await
    }

    async fn lease(&self, key: &StoreKey) -> Result<Box<dyn Lease>, Error> {
        let lease = stepped(self.0.lease(key)).await?;
        Ok(Box::new(SteppedLease(lease)))
    }

    async fn list(&self) -> Result<Vec<StoreKey>, Error> {
        stepped(self.0.list()).await
    }
}

#[async_trait]
impl Lease for SteppedLease {
    async fn load(&mut self) -> Result<Option<Record>, Error> {
        stepped(self.0.load()).await
    }

    async fn save(&mut self, expected: Option<u64>, set: &TokenSet) -> Result<u64, Error> {
        stepped(self.0.save(expected, set)).await
    }

    fn next_version(&self) -> u64 {
        self.0.next_version()
    }

    async fn begin(&mut self, expected: u64, intent: &Intent) -> Result<(), Error> {
        stepped(self.0.begin(expected, intent)).await
    }

    async fn settle(&mut self, expected: u64) -> Result<(), Error> {
        stepped(self.0.settle(expected)).await
    }

    async fn remove(&mut self, expected: u64) -> Result<(), Error> {
        stepped(self.0.remove(expected)).await
    }

    async fn renew(&mut self) -> Result<(), Error> {
        stepped(self.0.renew()).await
    }

    fn fence(&self) -> u64 {
        self.0.fence()
    }

    async fn release(self: Box<Self>) -> Result<(), Error> {
        stepped(self.0.release()).await
    }
}

/// An HTTP client without sockets. It is ready when it is asked a second time, its clones are not, and it panics when it
/// is called unready.
pub(super) struct SteppedClient {
    way: InMemory,
    ready: Readiness,
}

#[derive(Clone, Copy, PartialEq)]
enum Readiness {
    Unasked,
    Asked,
    Ready,
}

impl SteppedClient {
    pub(super) fn new(way: InMemory) -> Self {
        let ready = Readiness::Unasked;
        Self { way, ready }
    }
}

impl Clone for SteppedClient {
    fn clone(&self) -> Self {
        Self::new(self.way.clone())
    }
}

impl<B> Service<Request<B>> for SteppedClient
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Pieces>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.ready == Readiness::Unasked {
            self.ready = Readiness::Asked;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ready = Readiness::Ready;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let ready = mem::replace(&mut self.ready, Readiness::Unasked);
        assert!(ready == Readiness::Ready, "called without readiness");
        let way = self.way.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let (whole, _) = read(body).await?;
            let mut answer = way.deliver(Request::from_parts(head, whole)).await;
            let trailers: Option<HeaderMap> = answer.extensions_mut().remove();
            Ok(answer.map(|body| Pieces::new(&body, trailers)))
        })
    }
}

/// Reads a body to its end, trailers apart, with a wait after each piece.
pub(super) async fn read<B>(body: B) -> Result<(Bytes, Option<HeaderMap>), BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (mut body, mut whole) = (Box::pin(body), BytesMut::new());
    let mut trailers = None;
    loop {
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        let Some(frame) = frame.transpose().map_err(Into::into)? else {
            return Ok((whole.freeze(), trailers));
        };
        match frame.into_data() {
            Ok(data) => whole.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
        yield_now().await;
    }
}

/// A body in three pieces, each of which is waited for.
pub(super) struct Pieces {
    left: VecDeque<Frame<Bytes>>,
    waited: bool,
}

impl Pieces {
    pub(super) fn new(whole: &Bytes, trailers: Option<HeaderMap>) -> Self {
        let size = whole.len().div_ceil(3).max(1);
        let data = whole.chunks(size).map(|part| whole.slice_ref(part));
        Self {
            left: data
                .map(Frame::data)
                .chain(trailers.map(Frame::trailers))
                .collect(),
            waited: false,
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.left.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let data = self.left.iter().filter_map(Frame::data_ref);
        SizeHint::with_exact(data.map(|data| data.len() as u64).sum())
    }
}
