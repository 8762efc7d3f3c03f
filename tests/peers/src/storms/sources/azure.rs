//! `ClientSecretCredential` of azure_identity, asked by `get_token`, with the options it comes with: its pipeline
//! tries a failed request again.
//!
//! It speaks to `https` alone, so the HTTP client that is put under it, as users may, sends to the endpoint instead.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::{
    credentials::{Secret, TokenCredential},
    error::ErrorKind,
    http::{
        AsyncRawResponse, Body, ClientOptions, HttpClient, Request, StatusCode, Transport,
        headers::Headers,
    },
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use http::Uri;
use http_body_util::Full;

use crate::storms::endpoint::Endpoint;

use super::{
    Keeper, Kind, Source,
    http::{Http, client, send},
};

/// The credential.
pub const KEEPER: Keeper = Keeper {
    label: "azure_identity, client secret",
    kind: Kind::Lazy,
    start,
};

struct Credential(Arc<ClientSecretCredential>);

#[derive(Debug)]
struct Detour {
    http: Http,
    endpoint: Uri,
}

fn start(endpoint: &Endpoint) -> Result<Arc<dyn Source>, String> {
    let detour = Detour {
        http: client(),
        endpoint: endpoint.uri(),
    };
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(Arc::new(detour))),
            ..ClientOptions::default()
        },
    };
    let secret = Secret::new("made-up");
    ClientSecretCredential::new("made-up", "made-up".to_owned(), secret, Some(options))
        .map(|credential| Arc::new(Credential(credential)) as _)
        .map_err(|error| error.to_string())
}

#[async_trait]
impl Source for Credential {
    async fn token(&self) -> Result<(), String> {
        let token = self
            .0
            .get_token(&["https://api.example/.default"], None)
            .await;
        token.map(drop).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl HttpClient for Detour {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let failed = |why: String| azure_core::Error::with_message(ErrorKind::Io, why);
        let Body::Bytes(body) = request.body() else {
            return Err(failed("a token request has its body at hand".to_owned()));
        };
        let mut detour = http::Request::post(&self.endpoint);
        for (name, value) in request.headers().iter() {
            detour = detour.header(name.as_str(), value.as_str());
        }
        let detour = detour.body(Full::new(body.clone()));
        let detour = detour.map_err(|error| failed(error.to_string()))?;
        let answer = send(&self.http, detour).await.map_err(failed)?;
        let status = StatusCode::from(answer.status().as_u16());
        Ok(AsyncRawResponse::from_bytes(
            status,
            Headers::new(),
            answer.into_body(),
        ))
    }
}
