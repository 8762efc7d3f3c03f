//! Refreshing an access token (RFC 6749 §6).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, Sent, TokenSet};

use crate::{GrantRequest, Step, TokenClient};

/// Obtains a token with the refresh token held. Clones share the one they start from.
#[derive(Clone)]
pub struct RefreshToken {
    client: TokenClient,
    scope: Option<Secret>,
    initial: Arc<Mutex<Option<Secret>>>,
}

impl RefreshToken {
    /// Returns the grant, which needs a refresh token that was obtained or stored before.
    pub fn new(client: TokenClient) -> Self {
        Self {
            client,
            scope: None,
            initial: Arc::default(),
        }
    }

    /// Begins with that refresh token where no set is held yet.
    ///
    /// It is not sent again once it was refused, or once it may have been spent.
    #[must_use]
    pub fn starting_from(mut self, refresh: Secret) -> Self {
        self.initial = Arc::new(Mutex::new(Some(refresh)));
        self
    }

    /// Asks for less than what was granted: `asked`, out of `granted`, both lists of words.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where `asked` has a word that `granted` has not (RFC 6749 §6).
    pub fn narrowed(mut self, asked: &str, granted: &str) -> Result<Self, Error> {
        let mut words = asked.split_ascii_whitespace();
        if words.any(|word| !granted.split_ascii_whitespace().any(|held| held == word)) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a refresh cannot ask for a scope that was not granted (RFC 6749 section 6); log in again for it",
            ));
        }
        self.scope = Some(Secret::from(asked));
        Ok(self)
    }

    /// Returns whether there is a refresh token to send.
    pub(crate) fn is_possible(&self, ctx: &Exchange) -> bool {
        ctx.refresh_token().is_some() || ctx.previous.is_none() && self.own().is_some()
    }

    fn own(&self) -> MutexGuard<'_, Option<Secret>> {
        // A secret is whole or absent, so a poisoned lock guards nothing broken.
        self.initial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, refresh: Secret, ctx: &Exchange) -> Result<TokenSet, Error> {
        let mut request = GrantRequest::new(Step::RefreshToken).parameter("refresh_token", refresh);
        if let Some(scope) = &self.scope {
            request = request.parameter("scope", scope.clone());
        }
        self.client.exchange(request, ctx).await
    }
}

#[async_trait]
impl Grant for RefreshToken {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let held = ctx.refresh_token().map(Secret::expose);
        // Taken before it is sent: a dropped exchange must not leave a token behind that may be spent.
        let initial = {
            let mut own = self.own();
            let text = own.as_ref().map(Secret::expose);
            let sent = ctx.previous.is_none() || (text.is_some() && text == held);
            if sent { own.take() } else { None }
        };
        if let (Some(refresh), None) = (ctx.refresh_token(), &initial) {
            return self.send(refresh.clone(), ctx).await;
        }
        let Some(refresh) = initial else {
            return Err(Error::new(
                ErrorKind::LoginRequired,
                "there is no refresh token; log in again",
            ));
        };
        let outcome = self.send(refresh.clone(), ctx).await;
        let good_still = match &outcome {
            Ok(_) => !self.rotates(),
            Err(error) if error.sent() == Sent::No => true,
            Err(error) if error.sent() == Sent::Maybe => !self.rotates(),
            Err(error) => error.kind() != ErrorKind::LoginRequired,
        };
        if good_still {
            *self.own() = Some(refresh);
        }
        outcome
    }

    fn rotates(&self) -> bool {
        self.client.dialect().rotates
    }

    fn initial(&self) -> Option<Secret> {
        self.own().clone()
    }

    fn leeway(&self) -> Duration {
        self.client.dialect().reuse_leeway
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
