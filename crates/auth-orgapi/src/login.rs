//! The ways to log in, and to which server.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Credentials, Error, ErrorKind, Exchange, Grant, Origin, TokenSet, Transport};
use auth_oauth2::{
    Basic, ClientCredentials, Endpoint, OrElse, QueryInsecure, RefreshToken, RefreshWhen,
    TokenClient,
};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri,
    header::{HOST, LOCATION},
};

use crate::{ClientAuth, Config, RefreshMode, dialect, resource::WRONG_REGION};

/// The client's credentials, with or without refresh tokens in between.
pub(crate) struct Login(Arc<dyn Grant>);

impl Login {
    pub(crate) fn new(config: &Config, transport: Arc<dyn Transport>) -> Result<Self, Error> {
        let client = TokenClient::new(
            config.server.join(dialect::TOKEN_PATH)?,
            credentials(config)?,
            Regions {
                others: config.other_regions.clone(),
                transport,
            },
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
        let outcome = self.0.exchange(ctx).await;
        outcome.map_err(|error| match error.code() {
            Some("redirect") => error.with_code(WRONG_REGION),
            _ => error,
        })
    }

    fn rotates(&self) -> bool {
        self.0.rotates()
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

/// Follows a redirect to a server that the configuration names, once, and no other.
struct Regions {
    others: Vec<Endpoint>,
    transport: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Regions {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        if self.others.is_empty() {
            return self.transport.send(request).await;
        }
        let again = request.clone();
        let answer = self.transport.send(request).await?;
        let Some(region) = self.region(&answer) else {
            return Ok(answer);
        };
        self.transport.send(moved(again, region)?).await
    }
}

impl Regions {
    /// Returns the configured server to which `answer` redirects, method and body unchanged (RFC 9110 §15.4).
    fn region(&self, answer: &Response<Bytes>) -> Option<&Endpoint> {
        use StatusCode as S;
        if !matches!(
            answer.status(),
            S::TEMPORARY_REDIRECT | S::PERMANENT_REDIRECT
        ) {
            return None;
        }
        let location = Uri::try_from(answer.headers().get(LOCATION)?.as_bytes()).ok()?;
        let origin = Origin::of(&location).ok()?;
        self.others.iter().find(|other| *other.origin() == origin)
    }
}

/// Returns the request for another server. Path and query are our own: what the answer says about them is not used.
fn moved(mut request: Request<Bytes>, region: &Endpoint) -> Result<Request<Bytes>, Error> {
    let mut parts = region.uri().clone().into_parts();
    parts.path_and_query = request.uri().path_and_query().cloned();
    let host = region.uri().authority().map_or("", |host| host.as_str());
    let host = HeaderValue::from_str(host);
    let (Ok(uri), Ok(host)) = (Uri::from_parts(parts), host) else {
        return Err(Error::new(
            ErrorKind::Configuration,
            "the address of the other region cannot be used; check it",
        ));
    };
    *request.uri_mut() = uri;
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

#[cfg(test)]
mod tests;
