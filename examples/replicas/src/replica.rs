//! One process of the service: it calls the API again and again until its standard input ends.

use std::time::Duration;

use auth_core::{Cached, Origins};
use auth_oauth2::{Basic, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_reqwest::{HttpService, ReqwestTransport};
use auth_tower::{AuthLayer, BoxError};
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    time::interval,
};
use tower::{Layer, ServiceExt};

use crate::settings::{Settings, login_key};

/// The argument that makes this program a replica.
pub(crate) const ROLE: &str = "replica";

/// Serves, and says at the end how it went, in one line.
pub(crate) async fn serve() -> Result<(), BoxError> {
    let mut orders = BufReader::new(stdin()).lines();
    let line = orders.next_line().await?.ok_or("there are no settings")?;
    let settings = Settings::from_line(&line)?;
    let source = source(&settings).await?;
    let client = AuthLayer::new(source.clone()).layer(HttpService::new()?);

    let (mut calls, mut refused, mut failed) = (0, 0, 0);
    let mut ticks = interval(Duration::from_millis(10));
    loop {
        tokio::select! {
            _ = orders.next_line() => break,
            _ = ticks.tick() => {}
        }
        let request = Request::get(format!("{}/v1/things", settings.api));
        let request = request.body(Empty::<Bytes>::new())?;
        calls += 1;
        match client.clone().oneshot(request).await {
            Ok(response) if response.status().is_success() => {}
            Ok(_) => refused += 1,
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", settings.name);
            }
        }
    }
    // A stop in good order: a renewal that was begun is brought to its end, for nobody else can use the refresh token
    // meanwhile.
    source.idle().await;
    let report = json!({"calls": calls, "refused": refused, "failed": failed});
    println!("{report}");
    Ok(())
}

/// The whole of what sharing takes: a store and a key.
async fn source(settings: &Settings) -> Result<Cached, BoxError> {
    let builder = reqwest::Client::builder().no_proxy();
    let transport = ReqwestTransport::from_builder(builder.user_agent(&settings.name))?;
    let tokens = TokenClient::new(
        Endpoint::parse(&settings.token_url)?,
        Basic::encoded(&settings.client_id, &settings.client_secret)?,
        transport,
        Dialect::default(),
    );
    let source = Cached::builder(RefreshToken::new(tokens), Origins::parse(&settings.api)?)
        .name(settings.name.as_str())
        .store(settings.open_store().await?, login_key())
        .build();
    Ok(source)
}
