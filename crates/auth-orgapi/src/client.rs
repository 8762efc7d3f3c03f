//! The provider's client.

use std::{fmt, sync::Arc};

use auth_core::{Cached, CachedBuilder, Error, Transport};
use auth_oauth2::Endpoint;

use crate::{Config, dialect, login::Login};

/// A client of the Organization API. Cheap to clone.
#[derive(Clone)]
pub struct OrgApi {
    config: Config,
    login: Login,
}

impl OrgApi {
    /// Returns a client that sends token requests over `transport`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where id or secret cannot be sent in the way
    /// that was chosen: the plain Basic header can carry neither a colon in the id nor control characters.
    pub fn new(config: Config, transport: impl Transport + 'static) -> Result<Self, Error> {
        let login = Login::new(&config, Arc::new(transport))?;
        Ok(Self { config, login })
    }

    /// Returns a client that sends token requests with reqwest. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and where TLS cannot be set up.
    #[cfg(feature = "reqwest")]
    pub fn connect(config: Config) -> Result<Self, Error> {
        Self::new(config, auth_reqwest::ReqwestTransport::new()?)
    }

    /// Returns a source of tokens for the client itself, to which a store, an observer or a clock can be added.
    pub fn client_credentials(&self) -> CachedBuilder {
        let origin = self.config.server.origin().clone();
        Cached::builder(self.login.clone(), [origin].into_iter().collect())
            .name("orgapi")
            .policy(dialect::policy())
    }

    /// Returns the root of the API's resources, to which the path of one is to be joined.
    pub fn api(&self) -> &Endpoint {
        &self.config.api
    }
}

impl fmt::Debug for OrgApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgApi")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
