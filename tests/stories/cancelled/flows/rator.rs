//! Rator, where each refresh token is good for one use.

use std::sync::Arc;

use auth_core::{CachedBuilder, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_rator::{BrandKey, Config, Rator, RatorPreset};
use auth_testkit::{BrandPlace, RatorEmulator};

use super::DAY;
use crate::cancelled::scene::{Issuer, Scene, Stage};

struct Story {
    emulator: Arc<RatorEmulator>,
    stage: Stage,
    rator: Rator,
}

impl Story {
    async fn start(preset: RatorPreset) -> Self {
        let stage = Stage::new();
        let emulator = RatorEmulator::start(Arc::new(stage.clock.clone())).await;
        let emulator = Arc::new(emulator.unwrap());
        emulator.configure(|knobs| {
            knobs.grants.push("client_credentials".to_owned());
            knobs.client_credentials_requires_operator = false;
            knobs.reuse_refresh_token = false;
            knobs.brand_param_place = match preset {
                RatorPreset::V17 => BrandPlace::BodyOnly,
                _ => BrandPlace::QueryOnly,
            };
        });
        let token_url = Endpoint::parse(&emulator.token_url()).unwrap();
        let api = Endpoint::parse(&format!("{}/rest-api-core", emulator.base_url())).unwrap();
        let (id, secret) = (emulator.client_id(), emulator.client_secret());
        let brand = BrandKey::new("BRAND1").unwrap();
        let config = Config::new(token_url, api, &id, secret, brand).preset(preset);
        Self {
            rator: Rator::new(config, emulator.way()).unwrap(),
            emulator,
            stage,
        }
    }

    fn end_user(&self) -> CachedBuilder {
        let (name, password) = self.emulator.user();
        self.rator
            .password(User::new(name.into(), password).unwrap())
    }

    fn scene(self, login: CachedBuilder) -> Scene {
        let source = self.stage.over(login).build();
        let own = source.clone();
        Scene {
            stage: self.stage,
            issuer: self.emulator,
            source,
            work: Box::pin(async move { own.token().await.map(drop) }),
        }
    }
}

pub(super) async fn end_user() -> Scene {
    let story = Story::start(RatorPreset::V3).await;
    let login = story.end_user();
    story.scene(login)
}

/// A call that carries token and brand.
pub(super) async fn brand() -> Scene {
    let story = Story::start(RatorPreset::V3).await;
    let (login, rator) = (story.end_user(), story.rator.clone());
    let mut scene = story.scene(login);
    let source = scene.source.clone();
    scene.work = Box::pin(async move {
        let path = "api/billing-groups/1/balance";
        rator.check_brand(&source, path).await
    });
    scene
}

pub(super) async fn of_v17() -> Scene {
    let story = Story::start(RatorPreset::V17).await;
    let login = story.end_user();
    story.scene(login)
}

pub(super) async fn operator() -> Scene {
    let story = Story::start(RatorPreset::V3).await;
    let (name, password) = story.emulator.operator();
    let operator = User::new(name.into(), password).unwrap();
    let login = story.rator.operator_password(operator);
    story.scene(login)
}

pub(super) async fn client() -> Scene {
    let story = Story::start(RatorPreset::V3).await;
    let login = story.rator.client_credentials();
    story.scene(login)
}

pub(super) async fn client_for_operator() -> Scene {
    let story = Story::start(RatorPreset::V17).await;
    let (name, _) = story.emulator.operator();
    let login = story.rator.client_credentials_for(&name);
    story.scene(login)
}

/// The token ended, and the login that brought it goes on by its refresh token.
pub(super) async fn refresh() -> Scene {
    let scene = end_user().await;
    scene.source.warm_up().await.unwrap();
    scene.stage.clock.advance(DAY / 2);
    scene
}

pub(super) async fn elsewhere() -> Scene {
    let story = Story::start(RatorPreset::V3).await;
    story.end_user().build().warm_up().await.unwrap();
    let refresh = story.emulator.refresh_tokens()[0].clone();
    // The token that came with it is not the source's to use.
    story.stage.clock.advance(DAY / 2);
    let login = story.rator.refresh_token(refresh);
    story.scene(login)
}
