//! The `Authenticator` of yup-oauth2, asked by `token`, holding a login whose access token ended, as one read back from
//! its disk storage does.
//!
//! What it does when a refresh fails is ask the user to log in anew; nobody is there to answer.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use time::OffsetDateTime;
use tokio::sync::{Mutex, OnceCell};
use yup_oauth2::{
    ApplicationSecret, CustomHyperClientBuilder, InstalledFlowAuthenticator,
    InstalledFlowReturnMethod,
    authenticator::Authenticator,
    authenticator_delegate::InstalledFlowDelegate,
    storage::{TokenInfo, TokenStorage, TokenStorageError},
};

use crate::storms::endpoint::Endpoint;

use super::{Keeper, Kind, Source};

/// The authenticator.
pub const KEEPER: Keeper = Keeper {
    label: "yup-oauth2, installed application",
    kind: Kind::Lazy,
    start,
};

struct User {
    secret: ApplicationSecret,
    made: OnceCell<Authenticator<HttpConnector>>,
}

/// A login that was stored: a refresh token, and an access token that ended long ago.
struct Stored(Mutex<TokenInfo>);

struct Nobody;

fn start(endpoint: &Endpoint) -> Result<Arc<dyn Source>, String> {
    let secret = ApplicationSecret {
        client_id: "made-up".to_owned(),
        client_secret: "made-up".to_owned(),
        token_uri: endpoint.uri().to_string(),
        auth_uri: endpoint.uri().to_string(),
        ..ApplicationSecret::default()
    };
    Ok(Arc::new(User {
        secret,
        made: OnceCell::new(),
    }))
}

impl User {
    async fn authenticator(&self) -> Result<Authenticator<HttpConnector>, String> {
        let http: Client<HttpConnector, String> =
            Client::builder(TokioExecutor::new()).build_http();
        let held = TokenInfo {
            access_token: Some("made-up".to_owned()),
            refresh_token: Some("made-up".to_owned()),
            expires_at: Some(OffsetDateTime::UNIX_EPOCH),
            id_token: None,
        };
        InstalledFlowAuthenticator::with_client(
            self.secret.clone(),
            InstalledFlowReturnMethod::Interactive,
            CustomHyperClientBuilder::from(http),
        )
        .with_storage(Box::new(Stored(Mutex::new(held))))
        .flow_delegate(Box::new(Nobody))
        .build()
        .await
        .map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Source for User {
    async fn token(&self) -> Result<(), String> {
        let made = self.made.get_or_try_init(|| self.authenticator()).await?;
        let token = made.token(&["made-up"]).await;
        token.map(drop).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl TokenStorage for Stored {
    async fn set(&self, _: &[&str], token: TokenInfo) -> Result<(), TokenStorageError> {
        *self.0.lock().await = token;
        Ok(())
    }

    async fn get(&self, _: &[&str]) -> Option<TokenInfo> {
        Some(self.0.lock().await.clone())
    }
}

impl InstalledFlowDelegate for Nobody {
    fn present_user_url<'a>(
        &'a self,
        _: &'a str,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }
}
