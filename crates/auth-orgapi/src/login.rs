//! The ways to log in.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Credentials, Error, Exchange, Grant, Secret, TokenSet, Transport};
use auth_oauth2::{
    Basic, ClientCredentials, OrElse, QueryInsecure, RefreshToken, RefreshWhen, TokenClient,
};

use crate::{ClientAuth, Config, RefreshMode, dialect, resource::region};

/// The client's own credentials, with or without refresh tokens in between.
#[derive(Clone)]
pub(crate) struct Login(Arc<dyn Grant>);

impl Login {
    pub(crate) fn new(config: &Config, transport: Arc<dyn Transport>) -> Result<Self, Error> {
        let client = TokenClient::new(
            config.token.clone(),
            credentials(config)?,
            transport,
            dialect::orgapi(config),
        );
        let credentials = ClientCredentials::new(client.clone());
        Ok(Self(match config.refresh_mode {
            RefreshMode::BeforeExpiry => Arc::new(
                // The refresh token ends together with the access token, so a dead one is not worth a request.
                OrElse::new(RefreshToken::new(client), credentials)
                    .refresh_when(RefreshWhen::TokenAlive),
            ),
            RefreshMode::Never => Arc::new(credentials),
        }))
    }
}

#[async_trait]
impl Grant for Login {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        self.0.exchange(ctx).await.map_err(region)
    }

    fn rotates(&self) -> bool {
        self.0.rotates()
    }

    fn initial(&self) -> Option<Secret> {
        self.0.initial()
    }

    fn leeway(&self) -> Duration {
        self.0.leeway()
    }
}

fn credentials(config: &Config) -> Result<Arc<dyn Credentials>, Error> {
    let (id, secret) = (&config.client_id, &config.client_secret);
    Ok(match config.client_auth {
        ClientAuth::Basic => Arc::new(Basic::raw(id, secret)?),
        ClientAuth::BasicEncoded => Arc::new(Basic::encoded(id, secret)?),
        ClientAuth::QueryInsecure => Arc::new(QueryInsecure::new(id, secret.clone())?),
    })
}

#[cfg(test)]
mod tests;
