//! Octorate.

use std::sync::Arc;

use auth_core::{Cached, Clock, TokenSource};
use auth_oauth2::{AuthorizationCode, Endpoint};
use auth_octorate::{Config, Octorate, PropertySource};
use auth_testkit::OctorateEmulator;

use super::DAY;
use crate::cancelled::{
    Work,
    scene::{Issuer, Scene, Stage},
};

const PROPERTY: &str = "16997";

struct Story {
    emulator: Arc<OctorateEmulator>,
    octorate: Octorate,
    stage: Stage,
}

impl Story {
    async fn start() -> Self {
        let stage = Stage::new();
        let emulator = OctorateEmulator::start(Arc::new(stage.clock.clone())).await;
        let emulator = Arc::new(emulator.unwrap());
        let config = Config::new(&emulator.client_id(), emulator.client_secret())
            .base_url(Endpoint::parse(&emulator.api_root()).unwrap())
            .authorize_page(Endpoint::parse(&emulator.authorize_url()).unwrap());
        Self {
            octorate: Octorate::new(config, emulator.way()).unwrap(),
            emulator,
            stage,
        }
    }

    fn property(&self) -> PropertySource {
        self.octorate
            .property(PROPERTY, |source| self.stage.over(source))
    }

    fn approved(&self) -> AuthorizationCode {
        let request = self.octorate.authorization().unwrap();
        let now = self.stage.clock.now();
        let (address, mut pending) = request.start(now).unwrap();
        let callback = self.emulator.approve(&address).unwrap();
        pending.callback(&callback, now).unwrap()
    }

    fn scene(self, source: &Cached, work: Work) -> Scene {
        Scene {
            stage: self.stage,
            issuer: self.emulator,
            source: source.clone(),
            work,
        }
    }
}

pub(super) async fn code() -> Scene {
    let story = Story::start().await;
    let (property, code) = (story.property(), story.approved());
    let own = property.clone();
    story.scene(
        &property,
        Box::pin(async move { own.authorize(code).await }),
    )
}

pub(super) async fn api_login() -> Scene {
    let story = Story::start().await;
    let admin = story.octorate.admin(|source| story.stage.over(source));
    let own = admin.clone();
    story.scene(&admin, Box::pin(async move { own.token().await.map(drop) }))
}

/// A call that the token is for.
pub(super) async fn configuration() -> Scene {
    let story = Story::start().await;
    let admin = story.octorate.admin(|source| story.stage.over(source));
    let own = admin.clone();
    let work = async move { own.configuration().await.map(drop) };
    story.scene(&admin, Box::pin(work))
}

pub(super) async fn refresh() -> Scene {
    let story = Story::start().await;
    let property = story.property();
    property.authorize(story.approved()).await.unwrap();
    story.stage.clock.advance(DAY);
    let own = property.clone();
    story.scene(
        &property,
        Box::pin(async move { own.token().await.map(drop) }),
    )
}

pub(super) async fn migration() -> Scene {
    let story = Story::start().await;
    let property = story.property();
    let (own, key) = (property.clone(), story.emulator.add_legacy_key());
    story.scene(
        &property,
        Box::pin(async move { own.migrate(key, PROPERTY).await }),
    )
}

/// The login of administration is kept elsewhere than that of the property.
pub(super) async fn new_property() -> Scene {
    let story = Story::start().await;
    let clock = story.stage.clock.clone();
    let admin = story.octorate.admin(|source| source.clock(clock));
    let property = story.property();
    let own = property.clone();
    let work = async move {
        let made = admin.create_property("{}".into(), &own).await;
        made.map(drop)
    };
    story.scene(&property, Box::pin(work))
}
