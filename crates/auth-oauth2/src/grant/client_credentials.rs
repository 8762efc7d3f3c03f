//! The client's own credentials (RFC 6749 §4.4).

use async_trait::async_trait;
use auth_core::{Error, Exchange, Grant, Secret, TokenSet};

use crate::{GrantRequest, Step, TokenClient};

/// Obtains a token for the client itself.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    client: TokenClient,
    request: GrantRequest,
}

impl ClientCredentials {
    /// Returns the grant, without a scope.
    pub fn new(client: TokenClient) -> Self {
        Self {
            client,
            request: GrantRequest::new(Step::ClientCredentials),
        }
    }

    /// Asks for that scope (RFC 6749 §3.3).
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.parameter("scope", Secret::from(scope))
    }

    /// Adds a parameter of the provider's own.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, value: Secret) -> Self {
        self.request = self.request.parameter(name, value);
        self
    }
}

#[async_trait]
impl Grant for ClientCredentials {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        self.client.exchange(self.request.clone(), ctx).await
    }

    fn rotates(&self) -> bool {
        // It never sends a refresh token.
        false
    }
}
