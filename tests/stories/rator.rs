//! The Rator REST API, against its emulator.

mod brand;
mod expiry;
mod failures;
mod flows;
mod passwords;
mod resources;
mod reuse;

use std::{sync::Arc, time::Duration};

use auth_core::{Cached, CachedBuilder, Error, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_rator::{BrandKey, Config, Rator, RatorPreset};
use auth_testkit::{BrandPlace, ManualClock, RatorEmulator, RatorKnobs, RatorProfile};

const TOKEN: &str = "/rest-api-auth/oauth/token";
const BALANCE: &str = "/rest-api-core/api/billing-groups/1/balance";
const PROFILES: [RatorProfile; 4] = [
    RatorProfile::LegacyUuid,
    RatorProfile::LegacyEcho,
    RatorProfile::LegacyQuiet,
    RatorProfile::Sas,
];
const HALF_A_DAY: Duration = Duration::from_secs(43_200);

/// An installation, a clock that both sides read, and the preset to speak to it.
struct Story {
    emulator: RatorEmulator,
    clock: ManualClock,
    preset: RatorPreset,
}

impl Story {
    async fn start() -> Self {
        Self::of(RatorProfile::LegacyUuid, RatorPreset::V3).await
    }

    /// Starts a server that reads the brand only where `preset` puts it.
    async fn of(profile: RatorProfile, preset: RatorPreset) -> Self {
        let clock = ManualClock::new();
        let emulator = RatorEmulator::start(Arc::new(clock.clone())).await;
        let emulator = emulator.unwrap();
        emulator.configure(|knobs| {
            *knobs = RatorKnobs::of(profile);
            knobs.grants.push("client_credentials".to_owned());
            knobs.access_validity = Some(HALF_A_DAY);
            knobs.refresh_validity = Some(60 * HALF_A_DAY);
            knobs.brand_param_place = match preset {
                RatorPreset::V17 => BrandPlace::BodyOnly,
                _ => BrandPlace::QueryOnly,
            };
        });
        Self {
            emulator,
            clock,
            preset,
        }
    }

    /// Starts every generation of the server, each for both presets.
    async fn everywhere() -> Vec<Self> {
        let mut all = Vec::new();
        for profile in PROFILES {
            for preset in [RatorPreset::V3, RatorPreset::V17] {
                all.push(Self::of(profile, preset).await);
            }
        }
        all
    }

    fn config(&self) -> Config {
        self.config_for("BRAND1")
    }

    fn config_for(&self, brand: &str) -> Config {
        let token_url = Endpoint::parse(&self.emulator.token_url()).unwrap();
        let base = format!("{}/rest-api-core", self.emulator.base_url());
        let api = Endpoint::parse(&base).unwrap();
        let (id, secret) = (self.emulator.client_id(), self.emulator.client_secret());
        Config::new(token_url, api, &id, secret, BrandKey::new(brand).unwrap()).preset(self.preset)
    }

    fn rator(&self) -> Rator {
        Rator::connect(self.config()).unwrap()
    }

    fn user(&self) -> User {
        let (name, password) = self.emulator.user();
        User::new(name.into(), password).unwrap()
    }

    fn operator(&self) -> User {
        let (name, password) = self.emulator.operator();
        User::new(name.into(), password).unwrap()
    }

    fn build(&self, builder: CachedBuilder) -> Cached {
        builder.clock(self.clock.clone()).build()
    }

    /// Returns a source for the end user.
    fn source(&self) -> Cached {
        self.build(self.rator().password(self.user()))
    }

    /// Returns how many passwords and how many refresh tokens the server saw.
    fn grants(&self) -> (usize, usize) {
        let ledger = self.emulator.ledger();
        (ledger.count("password"), ledger.count("refresh_token"))
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Checks that everything was sent as documented and no secret went astray.
    fn ends_well(&self) {
        assert_eq!(self.emulator.ledger().deviations(), []);
        self.keeps_its_secrets();
    }

    fn keeps_its_secrets(&self) {
        assert_eq!(self.emulator.ledger().secrets_out_of_place(), []);
    }

    /// Checks that nothing of what the server said, and nothing of an address, is shown.
    fn hides(&self, error: &Error) {
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        let emulator = &self.emulator;
        let mut secrets = vec![emulator.client_secret(), emulator.user().1];
        secrets.extend(emulator.access_tokens());
        secrets.extend(emulator.refresh_tokens());
        let shown = secrets.iter().any(|secret| text.contains(secret.expose()));
        assert!(!shown, "a secret is shown");
        assert!(!text.contains("grant_type="), "an address is shown: {text}");
        assert!(!text.contains("planted"), "a body is shown: {text}");
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
