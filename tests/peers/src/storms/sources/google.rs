//! `user_account` credentials of google-cloud-auth, asked by `headers`, with the retry policy they come with.
//!
//! A task asks for tokens from the moment the credentials are built, over a reqwest client of its own, and renews them
//! whether anybody asks or not. So it is built when the callers come.

use std::sync::Arc;

use async_trait::async_trait;
use google_cloud_auth::credentials::{Credentials, user_account::Builder};
use http::Extensions;
use serde_json::json;

use crate::storms::endpoint::Endpoint;

use super::{Keeper, Kind, Source};

/// The credentials.
pub const KEEPER: Keeper = Keeper {
    label: "google-cloud-auth, user account",
    kind: Kind::Eager,
    start,
};

struct User(Credentials);

fn start(endpoint: &Endpoint) -> Result<Arc<dyn Source>, String> {
    let user = json!({
        "type": "authorized_user",
        "client_id": "made-up",
        "client_secret": "made-up",
        "refresh_token": "made-up",
    });
    let built = Builder::new(user)
        .with_token_uri(endpoint.uri().to_string())
        .build();
    built
        .map(|credentials| Arc::new(User(credentials)) as _)
        .map_err(|error| error.to_string())
}

#[async_trait]
impl Source for User {
    async fn token(&self) -> Result<(), String> {
        let headers = self.0.headers(Extensions::new()).await;
        headers.map(drop).map_err(|error| error.to_string())
    }
}
