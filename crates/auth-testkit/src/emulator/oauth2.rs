//! A strict authorization server by the book.

mod authorize;
mod grants;
mod handler;
mod knobs;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::{Clock, Secret};

use self::handler::{Handler, State};
pub use self::knobs::OAuth2Knobs;
use crate::{
    Acceptor,
    ledger::{Ledger, Place, SecretKind},
    server::Server,
};

const TOKEN: &str = "/token";
const AUTHORIZE: &str = "/authorize";

/// A strict emulator of an authorization server by RFC 6749, RFC 7636 and RFC 9700.
///
/// Routes: `POST /token`; the authorize page is [`approve`](Self::approve) and [`deny`](Self::deny). Refresh tokens
/// rotate, and the use of a spent one ends the whole family (RFC 9700 §4.14.2). Grants in the ledger: `authorize`,
/// `authorization_code`, `client_credentials`, `password`, `refresh_token`.
pub struct OAuth2Emulator {
    server: Server,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl OAuth2Emulator {
    /// Starts the emulator with one client, one user and one redirect address, all made up.
    ///
    /// # Errors
    ///
    /// Where no loopback port can be had.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let ledger = Ledger::default();
        for (kind, place) in [
            (SecretKind::ClientSecret, Place::header("authorization")),
            (SecretKind::ClientSecret, Place::form("client_secret")),
            (SecretKind::Password, Place::form("password")),
            (SecretKind::RefreshToken, Place::form("refresh_token")),
            (SecretKind::Code, Place::form("code")),
        ] {
            ledger.belongs(kind, TOKEN, place);
        }
        let state = Arc::new(Mutex::new(State::new(ledger.clone())));
        let handler = Handler {
            clock: Arc::clone(&clock),
            state: Arc::clone(&state),
        };
        let server = Server::start(Arc::clone(&clock), Arc::new(handler), ledger).await?;
        Ok(Self {
            server,
            clock,
            state,
        })
    }

    /// Changes how the emulator behaves, at any time.
    pub fn configure(&self, change: impl FnOnce(&mut OAuth2Knobs)) {
        change(&mut self.state().knobs);
    }

    /// Replaces the client: the former id and secret are refused from now on.
    pub fn client(&self, id: &str, secret: &str) {
        self.state().set_client(id, secret);
    }

    /// Returns the id of the client.
    pub fn client_id(&self) -> String {
        self.state().client.0.clone()
    }

    /// Returns the secret of the client.
    pub fn client_secret(&self) -> Secret {
        Secret::from(self.state().client.1.as_str())
    }

    /// Returns name and password of the user.
    pub fn user(&self) -> (String, Secret) {
        let state = self.state();
        (state.user.0.clone(), state.user.1.as_str().into())
    }

    /// Returns the redirect address that is registered.
    pub fn redirect_uri(&self) -> String {
        self.state().knobs.redirect_uri.clone()
    }

    /// Returns a refresh token of a new family, as if a user had just logged in.
    pub fn issue_refresh_token(&self) -> Secret {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let family = state.new_family();
        Secret::from(state.new_refresh(family, now))
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address of the authorize page.
    pub fn authorize_url(&self) -> String {
        format!("{}{AUTHORIZE}", self.base_url())
    }

    /// Returns the server, to plan faults on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns what the emulator was sent.
    pub fn ledger(&self) -> &Ledger {
        self.server.ledger()
    }

    /// Returns whether a resource would accept this access token now.
    pub fn accepts(&self, token: &str) -> bool {
        let now = self.clock.monotonic();
        self.state().access.is_good(token, now)
    }

    /// Returns [`accepts`](Self::accepts) for a [`Resource`](crate::Resource) to ask.
    pub fn acceptor(&self) -> Acceptor {
        let (state, clock) = (Arc::clone(&self.state), Arc::clone(&self.clock));
        Arc::new(move |token| {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.access.is_good(token, clock.monotonic())
        })
    }

    /// Lets every access token end now. Refresh tokens live on.
    pub fn expire_all_access_tokens(&self) {
        let now = self.clock.monotonic();
        self.state().access.expire_all(now);
    }

    /// Withdraws one access token; returns whether it was alive.
    pub fn revoke_access_token(&self, token: &str) -> bool {
        self.state().access.kill(token)
    }

    /// Withdraws every refresh token.
    pub fn revoke_refresh_tokens(&self) {
        self.state().refresh.kill_where(|_| true);
    }

    /// Returns how often a refresh token was used that had been spent before.
    pub fn reuses(&self) -> usize {
        self.state().reuses
    }

    /// Returns how many families were withdrawn because of that.
    pub fn families_revoked(&self) -> usize {
        self.state().families_revoked
    }

    /// Returns the access tokens in the order in which they were given out.
    pub fn access_tokens(&self) -> Vec<Secret> {
        self.state().access.secrets()
    }

    /// Returns the refresh tokens in the order in which they were given out.
    pub fn refresh_tokens(&self) -> Vec<Secret> {
        self.state().refresh.secrets()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OAuth2Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Emulator")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
