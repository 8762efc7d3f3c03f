//! hyper-util's client behind the layer.

use std::{convert::Infallible, sync::Arc};

use async_trait::async_trait;
use auth_core::{TokenSource, Transport};
use auth_testkit::Gate;
use auth_tower::{Auth, AuthLayer, BoxError, Known, Never, TowerTransport};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, ServiceExt};

use super::{Answer, Api, BODY, Call, STREAMED, turnstile::Turnstile};

type Stream = UnsyncBoxBody<Bytes, Infallible>;
type Stack<B, P> = Auth<Turnstile<Client<HttpConnector, B>>, P>;

#[derive(Clone)]
pub(crate) struct HyperApi {
    base: String,
    whole: Stack<Full<Bytes>, Known>,
    streamed: Stack<Stream, Never>,
}

pub(crate) fn client<B>() -> Client<HttpConnector, B>
where
    B: Body + Send + Unpin,
    B::Data: Send,
{
    Client::builder(TokioExecutor::new()).build_http()
}

#[async_trait]
impl Api for HyperApi {
    fn over(source: Arc<dyn TokenSource>, base: &str, gate: &Gate) -> Self {
        let layer = AuthLayer::new(source);
        Self {
            base: base.to_owned(),
            whole: layer.layer(Turnstile::new(client(), gate)),
            streamed: layer.replay(Never).layer(Turnstile::new(client(), gate)),
        }
    }

    fn transport() -> Arc<dyn Transport> {
        Arc::new(TowerTransport::new(client()))
    }

    async fn call(&self, call: Call) -> Result<Answer, BoxError> {
        let request = Request::post(format!("{}/things", self.base));
        let response = match call {
            Call::Whole => {
                let request = request.body(Full::from(BODY))?;
                self.whole.clone().oneshot(request).await?
            }
            Call::Streamed => {
                let body = Full::from(vec![b'x'; STREAMED]).boxed_unsync();
                let request = request.body(body)?;
                self.streamed.clone().oneshot(request).await?
            }
        };
        read(response).await
    }
}

/// Reads what the resource says about the request that it got.
pub(crate) async fn read<R>(response: Response<R>) -> Result<Answer, BoxError>
where
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(Into::into)?;
    let text = String::from_utf8(body.to_bytes().into())?;
    let length = text.split_once("\"length\":").map(|(_, rest)| rest);
    let digits = length.and_then(|rest| rest.split([',', '}']).next());
    let echo = digits.map(str::parse).transpose()?;
    Ok(Answer { status, echo })
}
