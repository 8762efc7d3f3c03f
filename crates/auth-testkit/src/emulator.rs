//! Strict emulators of token endpoints: what providers do, to the letter, on a loopback port.

mod authorize;
mod basic;
mod check;
mod desk;
mod json;
mod oauth2;
mod octorate;
mod orgapi;
mod rator;
mod vault;

use std::{
    fmt, io,
    sync::{Arc, MutexGuard},
};

use auth_core::{Clock, Secret};

pub(crate) use self::check::bearer;
use self::desk::{Desk, Office, Provider};
pub use self::{
    basic::BasicDecoding,
    oauth2::{OAuth2Emulator, OAuth2Knobs},
    octorate::{DateStyle, Environment, OctorateEmulator, OctorateKnobs, ReplyGeneration},
    orgapi::{IssueRefreshToken, OldAccessToken, OrgApiEmulator, OrgApiKnobs},
    rator::{BasicFailureBody, BrandPlace, RatorEmulator, RatorKnobs, RatorProfile},
};
use crate::{ledger::Ledger, server::Server};

/// Says whether a resource would accept an access token now.
pub type Acceptor = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// An emulator of the server whose knobs are `K`.
///
/// It listens on a loopback port of its own until it is dropped and takes its time from the clock it is given.
/// [`OctorateEmulator`], [`OrgApiEmulator`], [`RatorEmulator`] and [`OAuth2Emulator`] say what each server knows.
#[expect(private_bounds, reason = "only this crate makes emulators")]
pub struct Emulator<K: Provider> {
    server: Server,
    office: Arc<Office<K>>,
}

#[expect(private_bounds, reason = "only this crate makes emulators")]
impl<K: Provider> Emulator<K> {
    /// Starts the emulator. It knows one client, whose id and secret are made up.
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
        let office = Arc::new(Office::new(Arc::clone(&clock), ledger.clone()));
        let server = Server::start(clock, Arc::<Office<K>>::clone(&office), ledger).await?;
        Ok(Self { server, office })
    }

    /// Changes how the emulator behaves, at any time.
    pub fn configure(&self, change: impl FnOnce(&mut K)) {
        let mut desk = self.desk();
        change(&mut desk.knobs);
        K::configured(&desk);
    }

    /// Replaces the client: the former id and secret are refused from now on.
    pub fn client(&self, id: &str, secret: &str) {
        self.desk().set_client(id, secret);
    }

    /// Returns the id of the client.
    pub fn client_id(&self) -> String {
        self.desk().client.0.clone()
    }

    /// Returns the secret of the client.
    pub fn client_secret(&self) -> Secret {
        Secret::from(self.desk().client.1.as_str())
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.base_url()
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
        self.office.accepts(token)
    }

    /// Returns [`accepts`](Self::accepts) for a [`Resource`](crate::Resource) to ask.
    pub fn acceptor(&self) -> Acceptor {
        let office = Arc::clone(&self.office);
        Arc::new(move |token| office.accepts(token))
    }

    /// Lets every access token end now. Refresh tokens live on.
    pub fn expire_all_access_tokens(&self) {
        let now = self.office.clock.monotonic();
        self.desk().access.expire_all(now);
    }

    /// Withdraws one access token; returns whether it was alive.
    pub fn revoke_access_token(&self, token: &str) -> bool {
        self.desk().access.kill(token)
    }

    /// Withdraws every refresh token.
    pub fn revoke_refresh_tokens(&self) {
        self.desk().refresh.kill_where(|_| true);
    }

    /// Returns the access tokens in the order in which they were given out.
    pub fn access_tokens(&self) -> Vec<Secret> {
        self.desk().access.secrets()
    }

    /// Returns the refresh tokens in the order in which they were given out.
    pub fn refresh_tokens(&self) -> Vec<Secret> {
        self.desk().refresh.secrets()
    }

    fn desk(&self) -> MutexGuard<'_, Desk<K>> {
        self.office.desk()
    }
}

impl<K: Provider> fmt::Debug for Emulator<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("of", &K::NAME)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
