//! The Organization API: the client logs itself in, and its refresh tokens work once.

use std::{sync::Arc, time::Duration};

use auth_core::{Cached, Secret, TokenSource};
use auth_orgapi::{ClientAuth, Config, OrgApi, RefreshMode};
use auth_testkit::{Fault, ManualClock, OrgApiEmulator};
use auth_tower::BoxError;

use crate::{
    account::{Account, Chapter, Totals},
    client::{get, reqwest},
};

/// Twenty seconds before the end of a token: it is used no more, but its refresh token still lives.
const NEARLY_A_DAY: Duration = Duration::from_secs(86_400 - 20);

struct Story<'a> {
    emulator: OrgApiEmulator,
    clock: ManualClock,
    chapter: Chapter<'a>,
}

pub(crate) async fn run(account: &mut Account) -> Result<(), BoxError> {
    let clock = ManualClock::new();
    let emulator = OrgApiEmulator::start(Arc::new(clock.clone())).await?;
    let grants = &["client_credentials", "refresh_token"];
    let chapter = account.chapter("Organization API", "reqwest", emulator.ledger(), grants);
    let mut story = Story {
        chapter,
        clock,
        emulator,
    };
    story.the_documented_way().await?;
    story.other_ways().await?;
    story.wrong_secret().await?;
    story.end()
}

impl Story<'_> {
    fn config(&self, secret: Secret) -> Result<Config, BoxError> {
        let emulator = &self.emulator;
        Ok(Config::new(
            &emulator.base_url(),
            &emulator.client_id(),
            secret,
        )?)
    }

    fn source(&self, config: Config) -> Result<Cached, BoxError> {
        let builder = OrgApi::connect(config)?.client_credentials();
        Ok(builder.clock(self.clock.clone()).build())
    }

    async fn the_documented_way(&mut self) -> Result<(), BoxError> {
        let source = self.source(self.config(self.emulator.client_secret())?)?;
        let api = reqwest(source.clone())?;
        let demo = self.emulator.demo_url();
        self.chapter.step(
            "The first call had the client log itself in.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        self.chapter.step(
            "The second call found a token at hand.",
            &get(&api, &demo).await?,
            "200",
            &[],
        );
        self.clock.advance(NEARLY_A_DAY);
        self.chapter.step(
            "Shortly before its end the token was renewed with the refresh token.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token"],
        );
        self.emulator.revoke_refresh_tokens();
        self.clock.advance(NEARLY_A_DAY);
        self.chapter.step(
            "The refresh token was spent already, so the client logged itself in, once.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token", "client_credentials"],
        );
        self.clock.advance(NEARLY_A_DAY);
        self.emulator.server().next(Fault::ResetAfter);
        self.chapter.step(
            "The answer to a refresh was lost; what became of the token is unknown, so it was not sent again.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token", "client_credentials"],
        );
        let token = source.token().await?;
        self.emulator.revoke_access_token(token.access().expose());
        self.chapter.step(
            "The token was withdrawn in the console; the layer obtained another and sent the request again.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        let elsewhere = demo.replace("127.0.0.1", "127.0.0.2");
        self.chapter.step(
            "A call to another server was not sent, for the token is not meant to go there.",
            &get(&api, &elsewhere).await?,
            "Configuration",
            &[],
        );
        self.chapter.debugged(&(source.status(), source, token));
        Ok(())
    }

    async fn other_ways(&mut self) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        let config = self.config(self.emulator.client_secret())?;
        let api = reqwest(self.source(config.clone().refresh_mode(RefreshMode::Never))?)?;
        self.chapter.step(
            "With RefreshMode::Never no refresh token is ever sent.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        self.clock.advance(NEARLY_A_DAY);
        self.chapter.step(
            "So the client logged itself in again, in time.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        let api = reqwest(self.source(config.client_auth(ClientAuth::QueryInsecure))?)?;
        self.chapter.step(
            "On request, and only then, the client's secret went into the query.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        Ok(())
    }

    async fn wrong_secret(&mut self) -> Result<(), BoxError> {
        let source = self.source(self.config(Secret::new("a-made-up-wrong-secret"))?)?;
        let api = reqwest(source.clone())?;
        let demo = self.emulator.demo_url();
        self.chapter.step(
            "A wrong secret is a fault of the configuration.",
            &get(&api, &demo).await?,
            "Configuration",
            &["client_credentials"],
        );
        self.chapter.step(
            "It is not sent again for a while, whoever calls.",
            &get(&api, &demo).await?,
            "Configuration",
            &[],
        );
        self.chapter.debugged(&source.status());
        Ok(())
    }

    fn end(self) -> Result<(), BoxError> {
        let emulator = &self.emulator;
        let mut secrets = vec![emulator.client_secret(), "a-made-up-wrong-secret".into()];
        secrets.extend(emulator.access_tokens());
        secrets.extend(emulator.refresh_tokens());
        let totals = Totals {
            grants: &[8, 3],
            refused: 1,
            deviations: 0,
        };
        self.chapter.end(secrets, &totals);
        Ok(())
    }
}
