//! This workspace: the engine over the grant for client credentials, asked directly and through the layer.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Cached, Origins, Secret, TokenSource};
use auth_oauth2::{ClientCredentials, Dialect, Endpoint as Address, FormBody, TokenClient};
use auth_tower::{Auth, AuthLayer, TowerTransport};
use bytes::Bytes;
use http::Request;
use tower::{Layer, ServiceExt};

use crate::{
    storms::endpoint::Endpoint,
    subjects::{Nothing, request},
};

use super::{Keeper, Kind, Source, http::client};

/// The engine alone.
pub const SOURCE: Keeper = Keeper {
    label: "auth-core + auth-oauth2",
    kind: Kind::Lazy,
    start: |endpoint| Ok(Arc::new(Engine(cached(endpoint)?))),
};

/// Whole requests, a clone of the service for each caller.
pub const LAYER: Keeper = Keeper {
    label: "auth-tower over these, whole request",
    kind: Kind::Lazy,
    start: |endpoint| {
        let layer = AuthLayer::new(cached(endpoint)?);
        Ok(Arc::new(Layered(layer.layer(Nothing))))
    },
};

struct Engine(Cached);

struct Layered(Auth<Nothing>);

#[async_trait]
impl Source for Engine {
    async fn token(&self) -> Result<(), String> {
        let token = self.0.token().await;
        token.map(drop).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Source for Layered {
    async fn token(&self) -> Result<(), String> {
        let request: Request<Bytes> = request();
        let response = self.0.clone().oneshot(request).await;
        response.map(drop).map_err(|error| error.to_string())
    }
}

fn cached(endpoint: &Endpoint) -> Result<Cached, String> {
    made(endpoint).map_err(|error| error.to_string())
}

fn made(endpoint: &Endpoint) -> Result<Cached, auth_core::Error> {
    let address = Address::parse(&endpoint.uri().to_string())?;
    let credentials = FormBody::new("made-up", Secret::new("made-up"))?;
    let transport = TowerTransport::new(client());
    let client = TokenClient::new(address, credentials, transport, Dialect::default());
    let origins = Origins::parse("https://api.example")?;
    Ok(Cached::builder(ClientCredentials::new(client), origins).build())
}
