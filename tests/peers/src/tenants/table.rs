//! What is measured: something that has a header for each tenant.

use std::{
    convert::Infallible,
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use tower::{BoxError, Service, ServiceExt};

use crate::subjects::{Nothing, request};

use super::key::{Key, token};

/// A table of headers.
pub trait Table<K>: Send + Sync {
    /// Returns the header of a tenant, as a request would own it.
    fn look(&self, key: &K) -> Option<HeaderValue>;

    /// Looks all of these up. Overridden by nobody: it is here so that every table has a loop of its own.
    fn drive(&self, keys: &[K]) {
        for key in keys {
            black_box(self.look(black_box(key))).expect("every tenant is there");
        }
    }
}

/// Sends whole requests, each with the name of its tenant in its extensions.
pub trait Sender<K>: Send + Sync {
    /// Sends one request for each of these.
    fn send(&self, keys: &[K]);
}

/// A service that is cloned once for each run, as each connection or worker has a clone.
pub struct Over<S>(pub S);

impl<K, S> Sender<K> for Over<S>
where
    K: Key,
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync,
    S::Error: Into<BoxError>,
{
    fn send(&self, keys: &[K]) {
        let mut service = self.0.clone();
        now(async {
            for key in keys {
                let mut request = request();
                request.extensions_mut().insert(key.clone());
                let ready = service.ready().await.map_err(Into::into);
                let response = ready.expect("a no-op service is ready").call(request).await;
                black_box(
                    response
                        .map_err(Into::into)
                        .expect("a no-op service answers"),
                );
            }
        });
    }
}

/// Puts the header of the table on each request: what somebody would write around a map.
pub struct Attach<K> {
    table: Arc<dyn Table<K>>,
}

impl<K> Attach<K> {
    /// Returns the service over a table.
    pub fn new(table: Arc<dyn Table<K>>) -> Self {
        Self { table }
    }
}

impl<K> Clone for Attach<K> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
        }
    }
}

impl<K: Key> Service<Request<Bytes>> for Attach<K> {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = <Nothing as Service<Request<Bytes>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let key = request.extensions().get::<K>();
        let header = key.and_then(|key| self.table.look(key));
        let header = header.expect("every tenant is there");
        request.headers_mut().insert(AUTHORIZATION, header);
        Nothing.call(request)
    }
}

/// Returns the header of a tenant, marked as ours are.
pub fn header(n: usize) -> HeaderValue {
    let value = format!("Bearer {}", token(n));
    let mut value = HeaderValue::try_from(value).expect("digits make a header");
    value.set_sensitive(true);
    value
}

/// Runs what never waits.
pub fn now<F: Future>(work: F) -> F::Output {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("all tokens are there, and nobody else waits for anything"),
    }
}
