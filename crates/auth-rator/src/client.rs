//! The provider's client.

use std::{fmt, sync::Arc};

use auth_core::{Cached, CachedBuilder, Error, Grant, Secret, Transport};
use auth_oauth2::{
    ClientCredentials, OnRefusedClient, OrElse, RefreshToken, TokenClient,
    legacy::{ResourceOwnerPassword, UserCredentials},
};

use crate::{Config, RefreshMode, dialect, login};

/// A client of one installation of Rator, for one brand. Cheap to clone.
///
/// Each way to log in returns a source of tokens for one user, to which a store, an observer or a clock can be added.
/// A refused password is not sent again until it changes or a person asks for it by [`Cached::renew_now`].
#[derive(Clone)]
pub struct Rator {
    pub(crate) config: Arc<Config>,
    pub(crate) transport: Arc<dyn Transport>,
    operators: TokenClient,
    others: TokenClient,
}

impl Rator {
    /// Returns a client that sends token requests over `transport`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where a name for the brand is empty, and where id
    /// or secret is empty or cannot be sent in the way chosen: the plain Basic header can carry neither a colon in the id nor control characters.
    pub fn new(config: Config, transport: impl Transport + 'static) -> Result<Self, Error> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let (operators, others) = login::clients(&config, &transport)?;
        Ok(Self {
            operators,
            others,
            config: Arc::new(config),
            transport,
        })
    }

    /// Returns a client that sends token requests with reqwest. Nothing is sent yet. For root certificates of your own
    /// give `ReqwestTransport::from_builder` to [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and where TLS cannot be set up.
    #[cfg(feature = "reqwest")]
    pub fn connect(config: Config) -> Result<Self, Error> {
        Self::new(config, auth_reqwest::ReqwestTransport::new()?)
    }

    /// Logs an end user in by `grant_type=password`, which RFC 9700 §2.4 forbids and this API needs.
    pub fn password(&self, user: impl UserCredentials + 'static) -> CachedBuilder {
        self.login(ResourceOwnerPassword::new(self.others.clone(), user))
    }

    /// Logs an operator in by `grant_type=operator_password`.
    pub fn operator_password(&self, operator: impl UserCredentials + 'static) -> CachedBuilder {
        let login = ResourceOwnerPassword::new(self.operators.clone(), operator);
        self.login(login.grant_type("operator_password"))
    }

    /// Logs the client itself in, as documented before v17.0.
    pub fn client_credentials(&self) -> CachedBuilder {
        self.login(ClientCredentials::new(self.others.clone()))
    }

    /// Logs the client in on behalf of the operator of that user name, as documented from v17.0 on.
    ///
    /// The server believes whatever name it is told, so the client's secret is worth every operator's password.
    pub fn client_credentials_for(&self, operator: &str) -> CachedBuilder {
        let login = ClientCredentials::new(self.others.clone());
        self.login(login.parameter("operator", Secret::from(operator)))
    }

    /// Goes on with a refresh token that was obtained elsewhere. Once it is refused, a person has to log in again.
    pub fn refresh_token(&self, refresh: Secret) -> CachedBuilder {
        self.source(RefreshToken::new(self.others.clone()).starting_from(refresh))
    }

    fn login(&self, login: impl Grant + 'static) -> CachedBuilder {
        if self.config.refresh_mode == RefreshMode::Never {
            return self.source(login);
        }
        let refresh = RefreshToken::new(self.others.clone());
        // The login may show no client, and a client may lack the grant to refresh.
        self.source(OrElse::new(refresh, login).on_refused_client(OnRefusedClient::Other))
    }

    fn source(&self, grant: impl Grant + 'static) -> CachedBuilder {
        Cached::builder(grant, self.config.origins())
            .name(format!("rator/{}", self.config.brand.token_value))
            .policy(dialect::policy())
    }
}

impl fmt::Debug for Rator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rator")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
