//! Exchanging an authorization code (RFC 6749 §4.1.3).

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Exchange, Grant, Moment, Secret, Sent, TokenSet};

use super::or_else::after_refusal;
use crate::{AuthorizationCode, GrantRequest, RefreshToken, Step, TokenClient};

/// Obtains the first token with an authorization code and every later one with the refresh token it brought.
///
/// The code is sent once. An exchange whose outcome is unknown is not repeated: the user has to log in again. Where a
/// refresh token is held already, as after a restart over a store, that one is used; the code follows only if it is
/// refused and the code is not too old.
///
/// # Example: a code is used once
///
/// ```
/// use auth_oauth2::{AuthorizationCode, AuthorizationCodeGrant, TokenClient};
///
/// fn once(client: &TokenClient, code: AuthorizationCode) {
///     AuthorizationCodeGrant::new(client.clone(), code);
/// }
/// ```
///
/// ```compile_fail,E0382
/// use auth_oauth2::{AuthorizationCode, AuthorizationCodeGrant, TokenClient};
///
/// fn twice(client: &TokenClient, code: AuthorizationCode) {
///     AuthorizationCodeGrant::new(client.clone(), code);
///     AuthorizationCodeGrant::new(client.clone(), code);
/// }
/// ```
pub struct AuthorizationCodeGrant {
    client: TokenClient,
    code: Mutex<Option<AuthorizationCode>>,
    refresh: RefreshToken,
}

impl AuthorizationCodeGrant {
    /// Returns a grant that uses `code` up and then refreshes at the same endpoint.
    pub fn new(client: TokenClient, code: AuthorizationCode) -> Self {
        Self {
            refresh: RefreshToken::new(client.clone()),
            client,
            code: Mutex::new(Some(code)),
        }
    }

    /// Refreshes in another way, for providers with an endpoint of its own for that.
    #[must_use]
    pub fn refresh(mut self, refresh: RefreshToken) -> Self {
        self.refresh = refresh;
        self
    }

    fn code(&self) -> MutexGuard<'_, Option<AuthorizationCode>> {
        // A code is whole or absent, so a poisoned lock guards nothing broken.
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the code out, so that neither a dropped exchange nor a second caller sends it again.
    fn take(&self, ctx: &Exchange) -> Option<Result<AuthorizationCode, Error>> {
        let code = self.code().take()?;
        let limit = Moment::after(code.received_at, self.client.dialect().code_max_age);
        if !limit.has_come(ctx.clock.now()) {
            return Some(Ok(code));
        }
        let error = Error::new(
            ErrorKind::LoginRequired,
            "the authorization code is too old to be sent; start the login again",
        );
        Some(Err(error.with_code("code_expired")))
    }

    /// Sends the code, and keeps it for another time only if it never left.
    async fn redeem(&self, code: AuthorizationCode, ctx: &Exchange) -> Result<TokenSet, Error> {
        match self.send(&code, ctx).await {
            Err(error) if error.sent() == Sent::No && error.kind() != ErrorKind::LoginRequired => {
                *self.code() = Some(code);
                Err(error)
            }
            // Waiting helps nobody, nor does an answer that cannot be read: the code may be spent, and is not sent twice.
            Err(error) if error.is_transient() || error.kind() == ErrorKind::Protocol => Err(error
                .with_kind(ErrorKind::LoginRequired)
                .with_message(
                    "the authorization code brought no token and is not sent twice; start the login again",
                )),
            outcome => outcome,
        }
    }

    async fn send(&self, code: &AuthorizationCode, ctx: &Exchange) -> Result<TokenSet, Error> {
        let mut request = GrantRequest::new(Step::AuthorizationCode)
            .parameter("code", code.code.clone())
            .parameter("redirect_uri", code.redirect_uri.clone());
        if let Some(verifier) = &code.verifier {
            request = request.parameter("code_verifier", verifier.clone());
        }
        self.client.exchange(request, ctx).await
    }
}

#[async_trait]
impl Grant for AuthorizationCodeGrant {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        if ctx.refresh_token().is_none() {
            return match self.take(ctx) {
                Some(Ok(code)) => self.redeem(code, ctx).await,
                Some(Err(_)) if self.refresh.is_possible(ctx) => self.refresh.exchange(ctx).await,
                Some(Err(error)) => Err(error),
                None => self.refresh.exchange(ctx).await,
            };
        }
        let refused = match self.refresh.exchange(ctx).await {
            Err(error) if error.kind() == ErrorKind::LoginRequired => error,
            outcome => return outcome,
        };
        // The code is of a newer login than the refresh token that was refused.
        match self.take(ctx) {
            Some(Ok(code)) => {
                let outcome = self.redeem(code, ctx).await;
                outcome.map_err(|error| after_refusal(&refused, error))
            }
            Some(Err(_)) | None => Err(refused),
        }
    }

    fn rotates(&self) -> bool {
        self.refresh.rotates()
    }

    fn initial(&self) -> Option<Secret> {
        self.refresh.initial()
    }

    fn leeway(&self) -> Duration {
        self.refresh.leeway()
    }
}

impl fmt::Debug for AuthorizationCodeGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCodeGrant")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
