//! What people write by hand: an async mutex around the token, held while a new one is fetched.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::AUTHORIZATION};
use tokio::sync::Mutex;
use tower::{Service, ServiceExt};

use crate::{
    storms::endpoint::Endpoint,
    subjects::{Nothing, request},
};

use super::{
    Keeper, Kind, Source,
    http::{Http, client, fetch},
};

/// The lock.
pub const KEEPER: Keeper = Keeper {
    label: "hand-written lock around the fetch",
    kind: Kind::Lazy,
    start: |endpoint| Ok(Arc::new(Locked::new(endpoint))),
};

/// Whole requests, a clone of the service for each caller.
pub const REQUEST: Keeper = Keeper {
    label: "hand-written lock, whole request",
    kind: Kind::Lazy,
    start: |endpoint| Ok(Arc::new(Layered(Arc::new(Locked::new(endpoint))))),
};

struct Locked {
    http: Http,
    endpoint: Uri,
    held: Mutex<Option<(String, Instant)>>,
}

impl Locked {
    fn new(endpoint: &Endpoint) -> Self {
        Self {
            http: client(),
            endpoint: endpoint.uri(),
            held: Mutex::default(),
        }
    }

    async fn read<T>(&self, read: impl FnOnce(&str) -> T) -> Result<T, String> {
        let mut held = self.held.lock().await;
        match &*held {
            Some((token, ends)) if Instant::now() < *ends => Ok(read(token)),
            _ => {
                let (token, lifetime) = fetch(&self.http, &self.endpoint).await?;
                let answer = read(&token);
                *held = Some((token, Instant::now() + lifetime));
                Ok(answer)
            }
        }
    }
}

#[async_trait]
impl Source for Locked {
    async fn token(&self) -> Result<(), String> {
        self.read(|_| ()).await
    }
}

/// The lock in front of a service.
#[derive(Clone)]
struct Layered(Arc<Locked>);

impl Service<Request<Bytes>> for Layered {
    type Response = Response<Bytes>;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, String>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let locked = Arc::clone(&self.0);
        Box::pin(async move {
            let bearer = |token: &str| HeaderValue::try_from(format!("Bearer {token}"));
            let value = locked
                .read(bearer)
                .await?
                .map_err(|error| error.to_string())?;
            request.headers_mut().insert(AUTHORIZATION, value);
            let answer = Nothing.call(request).await;
            answer.map_err(|never| never.to_string())
        })
    }
}

#[async_trait]
impl Source for Layered {
    async fn token(&self) -> Result<(), String> {
        let response = self.clone().oneshot(request()).await;
        response.map(drop)
    }
}
