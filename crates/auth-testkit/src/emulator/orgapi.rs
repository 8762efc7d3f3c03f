//! The Organization API: its token endpoint and one protected resource.

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
pub use self::knobs::{IssueRefreshToken, OldAccessToken, OrgApiKnobs};
use crate::{
    Acceptor,
    ledger::{Ledger, Place, SecretKind},
    server::Server,
};

const TOKEN: &str = "/oauth2/token";
const RESOURCES: &str = "/api/v1/organization/";

/// An emulator of the Organization API.
///
/// Routes: `POST /oauth2/token` and everything below `/api/v1/organization/`, of which `demo` exists.
/// Grants in the ledger: `client_credentials`, `refresh_token`.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use auth_testkit::{ManualClock, OrgApiEmulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = OrgApiEmulator::start(Arc::new(ManualClock::new())).await?;
/// emulator.configure(|knobs| knobs.access_ttl = std::time::Duration::from_secs(300));
/// assert!(emulator.token_url().ends_with("/oauth2/token"));
/// assert_eq!(emulator.ledger().count("client_credentials"), 0);
/// # Ok(())
/// # }
/// ```
pub struct OrgApiEmulator {
    server: Server,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl OrgApiEmulator {
    /// Starts the emulator with one client, whose id and secret are made up.
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
        ledger.belongs(
            SecretKind::ClientSecret,
            TOKEN,
            Place::header("authorization"),
        );
        ledger.belongs(
            SecretKind::ClientSecret,
            TOKEN,
            Place::query("client_secret"),
        );
        ledger.belongs(
            SecretKind::RefreshToken,
            TOKEN,
            Place::query("refresh_token"),
        );
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
    pub fn configure(&self, change: impl FnOnce(&mut OrgApiKnobs)) {
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

    /// Returns the address of the server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address of the protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}{RESOURCES}demo", self.base_url())
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

impl fmt::Debug for OrgApiEmulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgApiEmulator")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
