//! The Rator REST API: its authentication context and its core context.

mod answers;
mod grants;
mod handler;
mod knobs;
mod resource;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::{Clock, Secret};

use self::handler::{Handler, State};
pub use self::knobs::{BasicFailureBody, BrandPlace, RatorKnobs, RatorProfile};
use crate::{
    Acceptor,
    ledger::{Ledger, Place, SecretKind},
    server::Server,
};

const TOKEN: &str = "/rest-api-auth/oauth/token";
const RESOURCES: &str = "/rest-api-core/api/";

/// An emulator of the Rator REST API.
///
/// Routes: `POST /rest-api-auth/oauth/token` and everything below `/rest-api-core/api/`, all of which exists but
/// what is called `missing`, and all of which is allowed but what is called `forbidden`.
/// Grants in the ledger: `password`, `operator_password`, `client_credentials`, `refresh_token`.
pub struct RatorEmulator {
    server: Server,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl RatorEmulator {
    /// Starts the emulator with a client, an end user, an operator and the brand `BRAND1`, all made up.
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
            (SecretKind::Password, Place::form("password")),
            (SecretKind::RefreshToken, Place::form("refresh_token")),
        ] {
            ledger.belongs(kind, TOKEN, place);
        }
        ledger.belongs(
            SecretKind::AccessToken,
            RESOURCES,
            Place::header("authorization"),
        );
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
    pub fn configure(&self, change: impl FnOnce(&mut RatorKnobs)) {
        let mut state = self.state();
        change(&mut state.knobs);
        if state.knobs.all_query {
            let ledger = self.ledger();
            ledger.belongs(SecretKind::Password, TOKEN, Place::query("password"));
            ledger.belongs(
                SecretKind::RefreshToken,
                TOKEN,
                Place::query("refresh_token"),
            );
        }
    }

    /// Replaces the client: the former id and secret are refused from now on.
    pub fn client(&self, id: &str, secret: &str) {
        self.state().set_client(id, secret);
    }

    /// Adds an end user, or gives one another password.
    pub fn add_user(&self, name: &str, password: &str) {
        self.state().add_person(name, password, "password");
    }

    /// Adds an operator, or gives one another password.
    pub fn add_operator(&self, name: &str, password: &str) {
        self.state().add_person(name, password, "operator_password");
    }

    /// Returns the id of the client.
    pub fn client_id(&self) -> String {
        self.state().client.0.clone()
    }

    /// Returns the secret of the client.
    pub fn client_secret(&self) -> Secret {
        Secret::from(self.state().client.1.as_str())
    }

    /// Returns name and password of the end user that the emulator started with.
    pub fn user(&self) -> (String, Secret) {
        self.state().person("password")
    }

    /// Returns name and password of the operator that the emulator started with.
    pub fn operator(&self) -> (String, Secret) {
        self.state().person("operator_password")
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address below which the resources are, without a slash at the end.
    pub fn api_url(&self) -> String {
        format!("{}{}", self.base_url(), RESOURCES.trim_end_matches('/'))
    }

    /// Returns the address of a protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}/billing-groups/1/balance", self.api_url())
    }

    /// Returns the server, to plan faults on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns what the emulator was sent.
    pub fn ledger(&self) -> &Ledger {
        self.server.ledger()
    }

    /// Returns whether a resource would accept this access token now, the brand aside.
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

    /// Lets every refresh token end now.
    pub fn expire_refresh_tokens(&self) {
        let now = self.clock.monotonic();
        self.state().refresh.expire_all(now);
    }

    /// Withdraws one access token; returns whether it was alive.
    pub fn revoke_access_token(&self, token: &str) -> bool {
        self.state().access.kill(token)
    }

    /// Withdraws every refresh token.
    pub fn revoke_refresh_tokens(&self) {
        self.state().refresh.kill_where(|_| true);
    }

    /// Returns whether too many wrong passwords have locked this user or operator.
    pub fn is_locked(&self, name: &str) -> bool {
        self.state().is_locked(name)
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

impl fmt::Debug for RatorEmulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RatorEmulator")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
