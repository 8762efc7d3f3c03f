//! A tonic channel behind the layer.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{TokenSource, Transport};
use auth_testkit::Gate;
use auth_tower::{Auth, AuthLayer, BoxError, RecordBody, TowerTransport};
use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::{
    Code, Request, Status,
    body::Body,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tower::Layer;

use super::{Answer, Api, BODY, Call, STREAMED, hyper_api, origin, turnstile::Turnstile};

/// How much of a body is recorded: more than [`BODY`] and less than [`STREAMED`].
const LIMIT: usize = 64 * 1024;

type Stack = Auth<Turnstile<Channel>, RecordBody<Body>>;

#[derive(Clone)]
pub(crate) struct TonicApi(Grpc<Stack>);

pub(super) fn channel(base: &str) -> Channel {
    let endpoint = Endpoint::from_shared(base.to_owned()).unwrap();
    // A storm of callers holds a place each.
    endpoint.buffer_size(4096).connect_lazy()
}

pub(super) fn layer(source: Arc<dyn TokenSource>, base: &str) -> AuthLayer<RecordBody<Body>> {
    AuthLayer::new(source)
        .at(origin(base))
        .replay(RecordBody::new(LIMIT, Body::new))
}

pub(super) fn path() -> PathAndQuery {
    PathAndQuery::from_static("/demo.Things/Echo")
}

#[async_trait]
impl Api for TonicApi {
    fn over(source: Arc<dyn TokenSource>, base: &str, gate: &Gate) -> Self {
        let stack = layer(source, base).layer(Turnstile::new(channel(base), gate));
        Self(Grpc::new(stack))
    }

    fn transport() -> Arc<dyn Transport> {
        Arc::new(TowerTransport::new(hyper_api::client()))
    }

    async fn call(&self, call: Call) -> Result<Answer, BoxError> {
        let message = match call {
            Call::Whole => Bytes::from(BODY),
            Call::Streamed => Bytes::from(vec![b'x'; STREAMED]),
        };
        let mut grpc = self.0.clone();
        grpc.ready().await?;
        match grpc.unary(Request::new(message), path(), Plain).await {
            Ok(reply) => Ok(Answer {
                status: 200,
                echo: Some(reply.into_inner().len()),
            }),
            Err(status) => answer(status),
        }
    }
}

/// Tells what the server said as HTTP tells it; what is not from the server is an error.
fn answer(status: Status) -> Result<Answer, BoxError> {
    let code = match status.code() {
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        _ => return Err(status.into()),
    };
    Ok(Answer {
        status: code,
        echo: None,
    })
}

/// Messages that are bytes and nothing else.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
