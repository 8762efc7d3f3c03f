//! A tonic channel behind the layer, with tokens of a plain OAuth 2.0 server: `cargo run --example tonic`.
//!
//! An emulated server issues tokens, and an emulated resource that speaks gRPC takes them.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to tell what it does"
)]

use std::sync::Arc;

use auth_core::{Cached, Clock, Origin, Origins, SystemClock};
use auth_oauth2::{Basic, ClientCredentials, Dialect, Endpoint, TokenClient};
use auth_reqwest::ReqwestTransport;
use auth_testkit::{OAuth2Emulator, Resource};
use auth_tower::{AuthLayer, BoxError, RecordBody};
use http::{Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use tonic::{body::Body, transport::Channel};
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let issuer = OAuth2Emulator::start(Arc::clone(&clock)).await?;
    let resource = Resource::start(clock, issuer.acceptor()).await?;
    let base = resource.base_url();

    let credentials = Basic::encoded(&issuer.client_id(), &issuer.client_secret())?;
    let endpoint = Endpoint::parse(&issuer.token_url())?;
    let transport = ReqwestTransport::new()?;
    let client = TokenClient::new(endpoint, credentials, transport, Dialect::default());
    let source = Cached::builder(ClientCredentials::new(client), Origins::parse(&base)?).build();

    // tonic's requests name no server, so the layer is told which one they are for. Their bodies are streams: up to
    // this many bytes are recorded, so that a refused request can be sent again.
    let layer = AuthLayer::new(source)
        .at(Origin::parse(&base)?)
        .replay(RecordBody::new(64 * 1024, Body::new));
    let channel = layer.layer(Channel::from_shared(base)?.connect_lazy());

    // A generated client takes `channel` as it is. Without one, this is a message of five bytes and its prefix.
    let body = Body::new(Full::from("\0\0\0\0\u{5}hello"));
    let request = Request::post("/demo.Things/Echo")
        .header(CONTENT_TYPE, "application/grpc")
        .body(body)?;
    let response = channel.oneshot(request).await?;
    // A refusal without a message has its status among the headers already.
    let early = response.headers().get("grpc-status").cloned();
    let reply = response.into_body().collect().await?;
    let late = reply.trailers().and_then(|all| all.get("grpc-status"));
    let status = early.or_else(|| late.cloned());
    println!("grpc-status: {status:?}");
    println!("{} bytes came back", reply.to_bytes().len());
    if status.is_none_or(|status| status != "0") {
        return Err("the API refused the call".into());
    }
    Ok(())
}
