//! reqwest behind the layer, with token requests over a client of one's own: `cargo run --example reqwest`.
//!
//! An emulator of the Rator REST API stands in for the network.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to tell what it does"
)]

use std::{sync::Arc, time::Duration};

use auth_core::SystemClock;
use auth_oauth2::{Endpoint, legacy::User};
use auth_rator::{BrandKey, Config, Rator};
use auth_reqwest::{HttpService, ReplayBody, ReqwestTransport};
use auth_testkit::RatorEmulator;
use auth_tower::{AuthLayer, BoxError};
use reqwest::Body;
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = RatorEmulator::start(Arc::new(SystemClock::new())).await?;
    let token_url = Endpoint::parse(&emulator.token_url())?;
    let api = Endpoint::parse(&format!("{}/rest-api-core", emulator.base_url()))?;
    let (id, secret) = (emulator.client_id(), emulator.client_secret());
    let config = Config::new(token_url, api, &id, secret, BrandKey::new("BRAND1")?);

    // Proxies, root certificates and time limits are set on reqwest's own builder.
    let builder = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(5));
    let rator = Rator::new(config, ReqwestTransport::from_builder(builder)?)?;
    let (name, password) = emulator.operator();
    let operator = User::new(name.into(), password)?;
    let source = rator.operator_password(operator).build();

    // A body that is whole in memory can be sent again after a 401; a stream is sent once.
    let layer = AuthLayer::new(source).replay(ReplayBody);
    let client = layer.layer(HttpService::new()?);
    let request = http::Request::get(emulator.demo_url()).body(Body::default())?;
    let response = client.oneshot(request).await?;
    let status = response.status();
    println!(
        "{status}: {}",
        reqwest::Response::from(response).text().await?
    );
    if !status.is_success() {
        return Err("the API refused the call".into());
    }
    Ok(())
}
