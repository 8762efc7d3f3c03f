//! Refreshing while that works, and something else where it does not.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, Sent, Token, TokenSet};

use crate::RefreshToken;

/// Refreshes while a refresh token is held; where that is not possible or fails, another grant runs, once.
///
/// The other grant runs where there is no refresh token, where it was refused
/// ([`ErrorKind::LoginRequired`]), and, unless told otherwise, where the outcome of the refresh is unknown
/// ([`Sent::Maybe`]). Any other failure of the refresh is the failure of the whole.
///
/// Where the outcome of the refresh is unknown and the other grant wants the user to log in, the failure is that of the
/// refresh: nobody refused the refresh token. Where both are refused, the failure is that of the other grant, and it says
/// [`Sent::Answered`] even if the other grant sent nothing, because the server did refuse the refresh token.
#[derive(Clone)]
pub struct OrElse {
    refresh: RefreshToken,
    other: Arc<dyn Grant>,
    when: RefreshWhen,
    unknown: OnUnknown,
    client: OnRefusedClient,
}

/// When a refresh is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshWhen {
    /// Whenever a refresh token is held.
    #[default]
    Held,
    /// Only while the access token has neither ended nor been refused, for providers whose refresh tokens end together
    /// with it.
    TokenAlive,
}

/// What to do where the outcome of a refresh is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnknown {
    /// The other grant runs at once.
    #[default]
    Other,
    /// The refresh fails and may be tried again later.
    Fail,
}

/// What to do where the refresh was refused to the client, and not for the refresh token's sake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnRefusedClient {
    /// The refresh fails, because the other grant would be refused as well.
    #[default]
    Fail,
    /// The other grant runs at once, for it shows another client or none, or is a grant that the client has.
    Other,
}

impl OrElse {
    /// Returns a grant that refreshes by `refresh` and otherwise runs `other`.
    pub fn new(refresh: RefreshToken, other: impl Grant + 'static) -> Self {
        Self {
            refresh,
            other: Arc::new(other),
            when: RefreshWhen::default(),
            unknown: OnUnknown::default(),
            client: OnRefusedClient::default(),
        }
    }

    /// Says when a refresh is tried.
    #[must_use]
    pub fn refresh_when(mut self, when: RefreshWhen) -> Self {
        self.when = when;
        self
    }

    /// Says what to do where the outcome of a refresh is unknown.
    #[must_use]
    pub fn on_unknown(mut self, unknown: OnUnknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// Says what to do where the refresh was refused to the client.
    #[must_use]
    pub fn on_refused_client(mut self, client: OnRefusedClient) -> Self {
        self.client = client;
        self
    }

    fn refreshes(&self, ctx: &Exchange) -> bool {
        if !self.refresh.is_possible(ctx) {
            return false;
        }
        let token = ctx.previous.as_ref().and_then(TokenSet::token);
        match (self.when, token) {
            (RefreshWhen::Held, _) => true,
            // A refresh token to start from has no access token beside it whose life could be asked for.
            (RefreshWhen::TokenAlive, None) => ctx.previous.is_none(),
            (RefreshWhen::TokenAlive, Some(token)) => !ctx.refused && is_alive(token, ctx),
        }
    }
}

/// Returns the failure of what was tried after a refusal: the login is over by the server's own word if that is what
/// `other` says and the server did refuse the refresh token.
pub(super) fn after_refusal(refused: &Error, other: Error) -> Error {
    if other.kind() == ErrorKind::LoginRequired && refused.sent() == Sent::Answered {
        return other.with_sent(Sent::Answered);
    }
    other
}

fn is_client_refused(error: &Error) -> bool {
    let codes = [
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
    ];
    error.kind() == ErrorKind::Configuration
        && error.code().is_some_and(|code| codes.contains(&code))
}

fn is_alive(token: &Token, ctx: &Exchange) -> bool {
    let now = ctx.clock.now();
    token
        .lifetime()
        .is_none_or(|life| !life.ends().has_come(now))
}

#[async_trait]
impl Grant for OrElse {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        if !self.refreshes(ctx) {
            return self.other.exchange(ctx).await;
        }
        let error = match self.refresh.exchange(ctx).await {
            Ok(set) => return Ok(set),
            Err(error) => error,
        };
        let refused = error.kind() == ErrorKind::LoginRequired;
        // An answer that cannot be read may have been a new token, so the outcome is as unknown as without an answer.
        let unknown = error.sent() == Sent::Maybe || error.kind() == ErrorKind::Protocol;
        let no_client = self.client == OnRefusedClient::Other && is_client_refused(&error);
        let follows = refused || no_client || (unknown && self.unknown == OnUnknown::Other);
        if !follows {
            return Err(error);
        }
        tracing::debug!(refused, "the refresh failed, so the other grant runs");
        match self.other.exchange(ctx).await {
            Err(other) if refused => Err(after_refusal(&error, other)),
            // The server said nothing against the refresh token, so the login is not over.
            Err(other) if other.kind() == ErrorKind::LoginRequired && !no_client => Err(error),
            outcome => outcome,
        }
    }

    fn rotates(&self) -> bool {
        self.refresh.rotates()
    }

    fn initial(&self) -> Option<Secret> {
        self.refresh.initial()
    }

    /// A spent refresh token costs nothing here: it is refused, and the other grant follows.
    fn leeway(&self) -> Duration {
        Duration::MAX
    }
}

impl fmt::Debug for OrElse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrElse")
            .field("refresh", &self.refresh)
            .field("when", &self.when)
            .field("unknown", &self.unknown)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
