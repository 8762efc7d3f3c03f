//! A service that holds requests back after they got their token.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use auth_testkit::Gate;
use http::Request;
use tokio::sync::Semaphore;
use tower_service::Service;

/// How many requests are on the wire at once, so that a storm does not need a connection for each.
const LANES: usize = 100;

/// Lets requests pass when its gate is open, some at a time.
#[derive(Clone)]
pub(super) struct Turnstile<S> {
    inner: S,
    gate: Gate,
    lanes: Arc<Semaphore>,
}

impl<S> Turnstile<S> {
    pub(super) fn new(inner: S, gate: &Gate) -> Self {
        Self {
            inner,
            gate: gate.clone(),
            lanes: Arc::new(Semaphore::new(LANES)),
        }
    }
}

impl<S, B> Service<Request<B>> for Turnstile<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let (gate, lanes) = (self.gate.clone(), Arc::clone(&self.lanes));
        Box::pin(async move {
            gate.pass().await;
            let _lane = lanes.acquire().await;
            inner.call(request).await
        })
    }
}
