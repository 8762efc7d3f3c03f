//! The provider's client.

use std::{fmt, sync::Arc, time::Duration};

use auth_core::{Cached, CachedBuilder, Error, Grant, Transport};
use auth_oauth2::{
    AuthorizationRequest, ClientCredentials, ClientWatch, FormBody, RefreshToken, TokenClient,
};

use crate::{AdminSource, Config, PropertySource, dialect};

/// A client of Octorate. Cheap to clone. Clones suspect the client secret together: where 5 properties are refused
/// within 60 s and none succeeds (`client_credentials_suspected`).
#[derive(Clone)]
pub struct Octorate {
    pub(crate) config: Arc<Config>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) token: TokenClient,
    refresh: TokenClient,
    apilogin: TokenClient,
    pub(crate) migrate: TokenClient,
    pub(crate) watch: ClientWatch,
}

impl Octorate {
    /// Returns a client that sends its requests over `transport`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](auth_core::ErrorKind::Configuration) where id or secret is empty, or an address too long.
    pub fn new(config: Config, transport: impl Transport + 'static) -> Result<Self, Error> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let secret = FormBody::new(&config.client_id, config.client_secret.clone())?;
        let (root, dialect) = (config.base_url.clone(), dialect::octorate(&config));
        let client = TokenClient::new(root.clone(), secret, Arc::clone(&transport), dialect);
        let at = |name: &str| root.join(&format!("rest/v1/identity/{name}"));
        Ok(Self {
            token: client.at(at("token")?),
            refresh: client.at(at("refresh")?),
            apilogin: client.at(at("apilogin")?),
            migrate: client.at(at("migrate")?),
            config: Arc::new(config),
            transport,
            watch: ClientWatch::new(5, Duration::from_secs(60)),
        })
    }

    /// Returns a client that sends its requests with reqwest. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and where TLS cannot be set up.
    #[cfg(feature = "reqwest")]
    pub fn connect(config: Config) -> Result<Self, Error> {
        Self::new(config, auth_reqwest::ReqwestTransport::new()?)
    }

    /// Returns the request that sends a user's browser to Octorate, with `client_id`, `redirect_uri` and `state` alone,
    /// for it knows nothing else. The code that comes of it is for [`PropertySource::authorize`].
    ///
    /// # Errors
    ///
    /// As [`AuthorizationRequest::new`].
    pub fn authorization(&self) -> Result<AuthorizationRequest, Error> {
        let (page, uri) = (&self.config.authorize_page, &self.config.redirect_uri);
        AuthorizationRequest::new(page.clone(), &self.config.client_id, uri)
            .map(AuthorizationRequest::dangerous_state_only)
    }

    /// Returns a source of tokens for administration (ApiLogin), which logs in again when one ends. `adjust` may add an
    /// observer or a clock.
    pub fn admin(&self, adjust: impl FnOnce(CachedBuilder) -> CachedBuilder) -> AdminSource {
        let login = ClientCredentials::new(self.apilogin.clone());
        let (cached, octorate) = (adjust(self.source("admin", login)).build(), self.clone());
        AdminSource { cached, octorate }
    }

    /// Returns a source of tokens for one property, or for all that its login covers, named `octorate/{account}` in
    /// events and logs. `adjust` may add a store, with [`Config::store_key`], or, as `previous`, a
    /// [`TokenSet::login`](auth_core::TokenSet::login) to begin with, whose first act is a refresh.
    pub fn property<F>(&self, account: &str, adjust: F) -> PropertySource
    where
        F: FnOnce(CachedBuilder) -> CachedBuilder,
    {
        let login = RefreshToken::new(self.refresh.clone());
        let (cached, octorate) = (adjust(self.source(account, login)).build(), self.clone());
        PropertySource { cached, octorate }
    }

    fn source(&self, account: &str, grant: impl Grant + 'static) -> CachedBuilder {
        let origin = self.config.base_url.origin().clone();
        let grant = self.watch.over(account, grant);
        Cached::builder(grant, [origin].into_iter().collect())
            .name(format!("octorate/{account}"))
            .policy(dialect::policy())
    }
}

impl fmt::Debug for Octorate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

#[cfg(test)]
mod tests;
