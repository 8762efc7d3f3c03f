//! Octorate: its identity endpoints, its authorize page and a few resources.

mod answers;
mod authorize;
mod handler;
mod identity;
mod knobs;
mod resources;
mod state;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::{Clock, Secret};

pub use self::knobs::{DateStyle, Environment, OctorateKnobs, ReplyGeneration};
use self::{handler::Handler, state::State};
use crate::{
    Acceptor,
    ledger::{Ledger, Place, SecretKind},
    server::Server,
};

const AUTHORIZE: &str = "/octobook/identity/oauth.xhtml";
const IDENTITY: &str = "/connect/rest/v1/identity/";
const CONFIGURATION: &str = "/connect/rest/v1/api/configuration";
const ACCOMMODATION: &str = "/connect/rest/v2/accommodation";
const DEMO: &str = "/connect/rest/v1/demo";

/// An emulator of Octorate.
///
/// Routes below `/connect`: `POST /rest/v1/identity/{token,refresh,apilogin,migrate}`, `GET` and `PATCH
/// /rest/v1/api/configuration`, `POST /rest/v2/accommodation` and the protected `/rest/v1/demo`. The authorize page
/// is [`approve`](Self::approve) and [`deny`](Self::deny). Grants in the ledger: `authorize`, `code`, `refresh`,
/// `apilogin`, `migrate`.
pub struct OctorateEmulator {
    server: Server,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl OctorateEmulator {
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
        for (kind, path, place) in [
            (
                SecretKind::ClientSecret,
                "token",
                Place::form("client_secret"),
            ),
            (
                SecretKind::ClientSecret,
                "refresh",
                Place::form("client_secret"),
            ),
            (
                SecretKind::ClientSecret,
                "apilogin",
                Place::form("client_secret"),
            ),
            (SecretKind::Code, "token", Place::form("code")),
            (
                SecretKind::RefreshToken,
                "refresh",
                Place::form("refresh_token"),
            ),
            (SecretKind::LegacyKey, "migrate", Place::header("key")),
        ] {
            ledger.belongs(kind, &format!("{IDENTITY}{path}"), place);
        }
        for path in [CONFIGURATION, ACCOMMODATION, DEMO] {
            ledger.belongs(
                SecretKind::AccessToken,
                path,
                Place::header("authorization"),
            );
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
    pub fn configure(&self, change: impl FnOnce(&mut OctorateKnobs)) {
        change(&mut self.state().knobs);
    }

    /// Replaces the client: the former id and secret are refused from now on.
    pub fn client(&self, id: &str, secret: &str) {
        self.state().set_client(id, secret);
    }

    /// Adds an address to the redirect addresses that are registered; `https://localhost` is from the start.
    pub fn add_redirect_uri(&self, address: &str) {
        self.state().redirect_uris.push(address.to_owned());
    }

    /// Returns the redirect addresses that are registered.
    pub fn redirect_uris(&self) -> Vec<String> {
        self.state().redirect_uris.clone()
    }

    /// Adds a key of the old interface, good for one migration of each property, and returns it.
    pub fn add_legacy_key(&self) -> Secret {
        self.state().add_legacy_key()
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

    /// Returns the root of the interface, without a slash at the end.
    pub fn api_root(&self) -> String {
        format!("{}/connect", self.base_url())
    }

    /// Returns the address of the authorize page.
    pub fn authorize_url(&self) -> String {
        format!("{}{AUTHORIZE}", self.base_url())
    }

    /// Returns the address of the protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}{DEMO}", self.base_url())
    }

    /// Returns the server, to plan faults on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns what the emulator was sent.
    pub fn ledger(&self) -> &Ledger {
        self.server.ledger()
    }

    /// Plays a user who opens `address` and approves for [`OctorateKnobs::property`]; returns the callback, or
    /// nothing where the user is left on an error page.
    pub fn approve(&self, address: &str) -> Option<String> {
        let property = self.state().knobs.property.clone();
        self.approve_for(address, &property)
    }

    /// Plays a user who approves for this property.
    pub fn approve_for(&self, address: &str, property: &str) -> Option<String> {
        self.visit(address, |state, visit, now| {
            let code = state.new_code(&visit.redirect_uri, property, now);
            visit.callback(&[("code", code.as_str())], state.knobs.append_blindly)
        })
    }

    /// Plays a user who refuses. What happens then is not documented; the callback is the standard's.
    pub fn deny(&self, address: &str) -> Option<String> {
        self.visit(address, |state, visit, _| {
            visit.callback(&[("error", "access_denied")], state.knobs.append_blindly)
        })
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

    /// Lets every access token end now.
    pub fn expire_all_access_tokens(&self) {
        let now = self.clock.monotonic();
        self.state().access.expire_all(now);
    }

    /// Withdraws one access token; returns whether it was alive.
    pub fn revoke_access_token(&self, token: &str) -> bool {
        self.state().access.kill(token)
    }

    /// Withdraws the refresh tokens of a property, as a customer who disconnects does.
    pub fn revoke_refresh_token(&self, property: &str) {
        self.state().refresh.kill_where(|own| own == property);
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

impl fmt::Debug for OctorateEmulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OctorateEmulator")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
