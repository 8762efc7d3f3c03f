//! The Rator REST API: passwords, an operator's rights, and a brand on every call.

use std::{sync::Arc, time::Duration};

use auth_core::{Cached, CachedBuilder, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_rator::{BrandKey, Config, Rator, RatorPreset, hint};
use auth_testkit::{BrandPlace, ManualClock, RatorEmulator, RatorKnobs, RatorProfile};
use auth_tower::BoxError;
use http::StatusCode;

use crate::{
    account::{Account, Chapter, Totals},
    client::{get, hyper, reqwest},
};

const HALF_A_DAY: Duration = Duration::from_secs(43_200);

struct Story<'a> {
    emulator: RatorEmulator,
    clock: ManualClock,
    chapter: Chapter<'a>,
}

pub(crate) async fn run(account: &mut Account) -> Result<(), BoxError> {
    let clock = ManualClock::new();
    let emulator = RatorEmulator::start(Arc::new(clock.clone())).await?;
    let grants = &[
        "password",
        "operator_password",
        "client_credentials",
        "refresh_token",
    ];
    let chapter = account.chapter(
        "Rator",
        "hyper-util's client (3.x) and reqwest (v17)",
        emulator.ledger(),
        grants,
    );
    let mut story = Story {
        chapter,
        clock,
        emulator,
    };
    story.is(RatorProfile::LegacyUuid, BrandPlace::QueryOnly);
    story.end_users().await?;
    story.operators().await?;
    story.wrong_brand().await?;
    story.wrong_password().await?;
    story.is(RatorProfile::Sas, BrandPlace::BodyOnly);
    story.newer_release().await?;
    story.end()
}

impl Story<'_> {
    /// Makes the server one of that generation, which reads the brand in that place and nowhere else.
    fn is(&self, profile: RatorProfile, place: BrandPlace) {
        self.emulator.configure(|knobs| {
            *knobs = RatorKnobs::of(profile);
            knobs.brand_param_place = place;
            knobs.grants.push("client_credentials".to_owned());
        });
    }

    fn rator(&self, preset: RatorPreset, brand: BrandKey) -> Result<Rator, BoxError> {
        let emulator = &self.emulator;
        let token_url = Endpoint::parse(&emulator.token_url())?;
        let api = Endpoint::parse(&format!("{}/rest-api-core", emulator.base_url()))?;
        let (id, secret) = (emulator.client_id(), emulator.client_secret());
        let config = Config::new(token_url, api, &id, secret, brand).preset(preset);
        Ok(Rator::connect(config)?)
    }

    fn older(&self) -> Result<Rator, BoxError> {
        self.rator(RatorPreset::V3, BrandKey::new("BRAND1")?)
    }

    fn source(&self, builder: CachedBuilder) -> Cached {
        builder.clock(self.clock.clone()).build()
    }

    fn user(&self) -> Result<User, BoxError> {
        let (name, password) = self.emulator.user();
        Ok(User::new(name.into(), password)?)
    }

    fn operator(&self) -> Result<User, BoxError> {
        let (name, password) = self.emulator.operator();
        Ok(User::new(name.into(), password)?)
    }

    async fn end_users(&mut self) -> Result<(), BoxError> {
        let source = self.source(self.older()?.password(self.user()?));
        let api = hyper(source.clone());
        let demo = self.emulator.demo_url();
        self.chapter.step(
            "An end user was logged in; the layer put the token and the brand on the call.",
            &get(&api, &demo).await?,
            "200",
            &["password"],
        );
        self.clock.advance(HALF_A_DAY);
        self.chapter.step(
            "Half a day later the token had ended; the call waited for a refresh.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token"],
        );
        let token = source.token().await?;
        self.emulator.revoke_access_token(token.access().expose());
        self.chapter.step(
            "The server refused the token; the layer obtained another and sent the request again.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token"],
        );
        self.emulator.revoke_refresh_tokens();
        self.clock.advance(HALF_A_DAY);
        self.chapter.step(
            "The refresh token was refused too, so the user was logged in again, once.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token", "password"],
        );
        self.chapter.debugged(&(source.status(), source, token));
        Ok(())
    }

    async fn operators(&mut self) -> Result<(), BoxError> {
        let rator = self.older()?;
        let demo = self.emulator.demo_url();
        let api = hyper(self.source(rator.operator_password(self.operator()?)));
        self.chapter.step(
            "An operator was logged in.",
            &get(&api, &demo).await?,
            "200",
            &["operator_password"],
        );
        let refresh = self.emulator.refresh_tokens().pop();
        let refresh = refresh.ok_or("the operator got no refresh token")?;
        let api = hyper(self.source(rator.refresh_token(refresh)));
        self.chapter.step(
            "A refresh token that was obtained elsewhere is a login as well.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token"],
        );
        self.emulator
            .configure(|knobs| knobs.client_credentials_requires_operator = false);
        let api = hyper(self.source(rator.client_credentials()));
        self.chapter.step(
            "The client logged itself in, as older releases offer it.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        Ok(())
    }

    async fn wrong_brand(&mut self) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        let brand = BrandKey::with_header("BRAND1", "brand1")?;
        let source = self.source(self.rator(RatorPreset::V3, brand)?.password(self.user()?));
        let outcome = get(&hyper(source), &demo).await?;
        let hint = hint(StatusCode::NOT_FOUND).unwrap_or_default();
        self.chapter.step(
            &format!("The brand was in the wrong case. Hint: {hint}."),
            &outcome,
            "404",
            &["password"],
        );
        let rator = self.older()?;
        let source = self.source(rator.password(self.user()?));
        rator
            .check_brand(&source, "api/billing-groups/1/balance")
            .await?;
        self.chapter.step(
            "check_brand told that the right one is right.",
            "right",
            "right",
            &["password"],
        );
        Ok(())
    }

    async fn wrong_password(&mut self) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        let (name, _) = self.emulator.user();
        let user = User::new(name.into(), "a-made-up-wrong-password".into())?;
        let source = self.source(self.older()?.password(user));
        let api = hyper(source.clone());
        self.chapter.step(
            "A wrong password was refused.",
            &get(&api, &demo).await?,
            "LoginRequired",
            &["password"],
        );
        self.clock.advance(HALF_A_DAY);
        self.chapter.step(
            "It is never sent again by itself, so that no account gets locked.",
            &get(&api, &demo).await?,
            "LoginRequired",
            &[],
        );
        self.chapter.debugged(&source.status());
        Ok(())
    }

    async fn newer_release(&mut self) -> Result<(), BoxError> {
        let rator = self.rator(RatorPreset::V17, BrandKey::new("BRAND1")?)?;
        let demo = self.emulator.demo_url();
        let api = reqwest(self.source(rator.password(self.user()?)))?;
        self.chapter.step(
            "The server was upgraded; with the other preset the brand goes into the body.",
            &get(&api, &demo).await?,
            "200",
            &["password"],
        );
        self.clock.advance(Duration::from_secs(300));
        self.chapter.step(
            "Tokens last five minutes there; the next call waited for a refresh.",
            &get(&api, &demo).await?,
            "200",
            &["refresh_token"],
        );
        let (operator, _) = self.emulator.operator();
        let api = reqwest(self.source(rator.client_credentials_for(&operator)))?;
        self.chapter.step(
            "The client acts for an operator, whose password it does not need.",
            &get(&api, &demo).await?,
            "200",
            &["client_credentials"],
        );
        self.chapter.debugged(&rator);
        Ok(())
    }

    fn end(self) -> Result<(), BoxError> {
        let emulator = &self.emulator;
        let mut secrets = vec![emulator.client_secret(), "a-made-up-wrong-password".into()];
        secrets.extend([emulator.user().1, emulator.operator().1]);
        secrets.extend(emulator.access_tokens());
        secrets.extend(emulator.refresh_tokens());
        let totals = Totals {
            grants: &[6, 1, 2, 5],
            refused: 1,
            // The brand in the wrong case.
            deviations: 1,
        };
        self.chapter.end(secrets, &totals);
        Ok(())
    }
}
