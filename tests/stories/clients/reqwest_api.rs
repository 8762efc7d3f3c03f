//! reqwest behind the layer.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{TokenSource, Transport};
use auth_reqwest::{HttpService, ReplayBody, ReqwestTransport};
use auth_testkit::Gate;
use auth_tower::{Auth, AuthLayer, BoxError};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use reqwest::Body;
use tower::{Layer, ServiceExt};

use super::{Answer, Api, BODY, Call, STREAMED, hyper_api::read, turnstile::Turnstile};

#[derive(Clone)]
pub(crate) struct ReqwestApi {
    base: String,
    stack: Auth<Turnstile<HttpService>, ReplayBody>,
}

#[async_trait]
impl Api for ReqwestApi {
    fn over(source: Arc<dyn TokenSource>, base: &str, gate: &Gate) -> Self {
        let service = Turnstile::new(HttpService::new().unwrap(), gate);
        Self {
            base: base.to_owned(),
            stack: AuthLayer::new(source).replay(ReplayBody).layer(service),
        }
    }

    fn transport() -> Arc<dyn Transport> {
        Arc::new(ReqwestTransport::new().unwrap())
    }

    async fn call(&self, call: Call) -> Result<Answer, BoxError> {
        let body = match call {
            Call::Whole => Body::from(BODY),
            Call::Streamed => Body::wrap(Full::new(Bytes::from(vec![b'x'; STREAMED]))),
        };
        let request = Request::post(format!("{}/things", self.base)).body(body)?;
        read(self.stack.clone().oneshot(request).await?).await
    }
}
