//! Octorate, against its emulator.

mod admin;
mod logins;
mod migrations;
mod refusals;
mod replies;
mod resources;

use std::{sync::Arc, time::Duration};

use auth_core::{CachedBuilder, Clock, Error, MemoryStore, Secret, StoreKey, TokenSource};
use auth_oauth2::{AuthorizationCode, Endpoint};
use auth_octorate::{AdminSource, Config, Octorate, PropertySource};
use auth_testkit::{ManualClock, OctorateEmulator};

const REFRESH: &str = "/connect/rest/v1/identity/refresh";
const TOKEN: &str = "/connect/rest/v1/identity/token";
const MIGRATE: &str = "/connect/rest/v1/identity/migrate";
const DAY: Duration = Duration::from_secs(86_400);
const PROPERTY: &str = "16997";

/// A server, a clock that both sides read, a store, and a client that the server knows.
struct Story {
    emulator: OctorateEmulator,
    clock: ManualClock,
    octorate: Octorate,
    store: Arc<MemoryStore>,
    key: StoreKey,
}

impl Story {
    async fn start() -> Self {
        Self::of(|config| config).await
    }

    async fn of(change: impl FnOnce(Config) -> Config) -> Self {
        let clock = ManualClock::new();
        let emulator = OctorateEmulator::start(Arc::new(clock.clone())).await;
        let emulator = emulator.unwrap();
        let config = change(config(&emulator, emulator.client_secret()));
        Self {
            key: config.store_key(PROPERTY),
            octorate: Octorate::connect(config).unwrap(),
            store: Arc::default(),
            emulator,
            clock,
        }
    }

    fn admin(&self) -> AdminSource {
        self.octorate
            .admin(|source| source.clock(self.clock.clone()))
    }

    /// Returns the source of a property whose login is in the store.
    fn property(&self) -> PropertySource {
        self.property_with(|source| source)
    }

    fn property_with(&self, adjust: impl FnOnce(CachedBuilder) -> CachedBuilder) -> PropertySource {
        self.octorate.property(PROPERTY, |source| {
            let store = Arc::clone(&self.store);
            adjust(
                source
                    .store(store, self.key.clone())
                    .clock(self.clock.clone()),
            )
        })
    }

    /// Lets a user approve and returns the code that the browser brings.
    fn approved(&self) -> AuthorizationCode {
        let request = self.octorate.authorization().unwrap();
        let (address, mut pending) = request.start(self.clock.now()).unwrap();
        let callback = self.emulator.approve(&address).unwrap();
        pending.callback(&callback, self.clock.now()).unwrap()
    }

    /// Returns the source of a property for which a user approved.
    async fn authorized(&self) -> PropertySource {
        let property = self.property();
        property.authorize(self.approved()).await.unwrap();
        property
    }

    async fn stored(&self) -> Option<String> {
        use auth_core::TokenStore;
        let record = self.store.load(&self.key).await.unwrap()?;
        record.set.refresh().map(|token| token.expose().to_owned())
    }

    fn count(&self, grant: &str) -> usize {
        self.emulator.ledger().count(grant)
    }

    /// Checks that everything was sent as documented and no secret went astray.
    fn ends_well(&self) {
        let ledger = self.emulator.ledger();
        assert_eq!(ledger.deviations(), []);
        assert_eq!(ledger.secrets_out_of_place(), []);
    }
}

fn config(emulator: &OctorateEmulator, secret: Secret) -> Config {
    Config::new(&emulator.client_id(), secret)
        .base_url(Endpoint::parse(&emulator.api_root()).unwrap())
        .authorize_page(Endpoint::parse(&emulator.authorize_url()).unwrap())
}

/// Returns the access token in use, checked against the server.
async fn good(story: &Story, source: &dyn TokenSource) -> String {
    let token = source.token().await.unwrap();
    let access = token.access().expose().to_owned();
    assert!(story.emulator.accepts(&access), "the token is dead");
    access
}

async fn refused(source: &dyn TokenSource) -> Error {
    source.token().await.expect_err("no token could be had")
}
