//! The Organization API, against its emulator.

mod failures;
mod flows;
mod resources;

use std::{sync::Arc, time::Duration};

use auth_core::{Cached, Error, TokenSource};
use auth_orgapi::{Config, OrgApi};
use auth_testkit::{ManualClock, OrgApiEmulator};

const TOKEN: &str = "/oauth2/token";
const DEMO: &str = "/api/v1/organization/demo";
const DAY: Duration = Duration::from_secs(86_400);

/// A server, a clock that both sides read, and a source of tokens for the client that the server knows.
struct Story {
    emulator: OrgApiEmulator,
    clock: ManualClock,
}

impl Story {
    async fn start() -> Self {
        let clock = ManualClock::new();
        let emulator = OrgApiEmulator::start(Arc::new(clock.clone())).await;
        let emulator = emulator.unwrap();
        Self { emulator, clock }
    }

    fn config(&self) -> Config {
        let (id, secret) = (self.emulator.client_id(), self.emulator.client_secret());
        Config::new(&self.emulator.base_url(), &id, secret).unwrap()
    }

    fn source(&self) -> Cached {
        self.source_of(self.config())
    }

    fn source_of(&self, config: Config) -> Cached {
        let orgapi = OrgApi::connect(config).unwrap();
        let builder = orgapi.client_credentials();
        builder.clock(self.clock.clone()).build()
    }

    /// Returns how many client credentials and how many refresh tokens the server saw.
    fn grants(&self) -> (usize, usize) {
        let ledger = self.emulator.ledger();
        (
            ledger.count("client_credentials"),
            ledger.count("refresh_token"),
        )
    }

    /// Moves to ten seconds before the end of a token of a day: it is good, and must be renewed before it is used.
    fn nearly_a_day(&self) {
        self.clock.advance(DAY - Duration::from_secs(10));
    }

    /// Checks that everything was sent as documented and no secret went astray.
    fn ends_well(&self) {
        let ledger = self.emulator.ledger();
        assert_eq!(ledger.deviations(), []);
        assert_eq!(ledger.secrets_out_of_place(), []);
    }
}

/// Returns the access token in use, checked against the server.
async fn good(story: &Story, source: &Cached) -> String {
    let token = source.token().await.unwrap();
    let access = token.access().expose().to_owned();
    assert!(story.emulator.accepts(&access), "the token is dead");
    access
}

async fn refused(source: &Cached) -> Error {
    source.token().await.expect_err("no token could be had")
}
