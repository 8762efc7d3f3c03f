//! hyper-util's client behind the layer: `cargo run --example hyper`.
//!
//! An emulator of the Organization API stands in for the network.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to tell what it does"
)]

use std::sync::Arc;

use auth_core::SystemClock;
use auth_orgapi::{Config, OrgApi};
use auth_testkit::OrgApiEmulator;
use auth_tower::{AuthError, AuthLayer, BoxError};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = OrgApiEmulator::start(Arc::new(SystemClock::new())).await?;
    let (id, secret) = (emulator.client_id(), emulator.client_secret());
    let config = Config::new(&emulator.base_url(), &id, secret)?;

    let source = OrgApi::connect(config)?.client_credentials().build();
    // A service that cannot work without a token may find out when it starts.
    source.warm_up().await?;

    let client = Client::builder(TokioExecutor::new()).build_http();
    let client = AuthLayer::new(source).layer(client);

    let request = Request::get(emulator.demo_url()).body(Full::<Bytes>::default())?;
    let response = match client.clone().oneshot(request).await {
        Ok(response) => response,
        Err(error) => {
            match AuthError::find(&*error) {
                Some(auth) => println!("not authenticated ({:?}): {}", auth.kind(), auth.cause()),
                None => println!("the API failed: {error}"),
            }
            return Err(error);
        }
    };
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    println!("{status}: {}", String::from_utf8_lossy(&body));
    if !status.is_success() {
        return Err("the API refused the call".into());
    }
    Ok(())
}
