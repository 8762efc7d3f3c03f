//! The Organization API, with the client in the header and in the query.

use std::sync::Arc;

use auth_core::TokenSource;
use auth_orgapi::{ClientAuth, Config, OrgApi};
use auth_testkit::OrgApiEmulator;

use super::{DAY, SECOND};
use crate::cancelled::scene::{Issuer, Scene, Stage};

pub(super) fn header(config: Config) -> Config {
    config
}

pub(super) fn query(config: Config) -> Config {
    config.client_auth(ClientAuth::QueryInsecure)
}

pub(super) async fn first(change: fn(Config) -> Config) -> Scene {
    let stage = Stage::new();
    let emulator = OrgApiEmulator::start(Arc::new(stage.clock.clone())).await;
    let emulator = Arc::new(emulator.unwrap());
    let (id, secret) = (emulator.client_id(), emulator.client_secret());
    let config = Config::new(&emulator.base_url(), &id, secret).unwrap();
    let orgapi = OrgApi::new(change(config), emulator.way()).unwrap();
    let source = stage.over(orgapi.client_credentials()).build();
    let own = source.clone();
    Scene {
        stage,
        issuer: emulator,
        source,
        work: Box::pin(async move { own.token().await.map(drop) }),
    }
}

/// The token is about to end, while the refresh token is still good.
pub(super) async fn refresh(change: fn(Config) -> Config) -> Scene {
    let scene = first(change).await;
    scene.source.warm_up().await.unwrap();
    scene.stage.clock.advance(DAY - 10 * SECOND);
    scene
}
