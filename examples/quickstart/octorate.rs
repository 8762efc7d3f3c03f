//! Octorate: a user authorizes in the browser, and the login lasts until it is cancelled.

use std::{sync::Arc, time::Duration};

use auth_core::{Clock, MemoryStore, TokenSource, TokenStore};
use auth_oauth2::Endpoint;
use auth_octorate::{Config, List, Octorate, PropertySource};
use auth_testkit::{ManualClock, OctorateEmulator};
use auth_tower::BoxError;

use crate::{
    account::{Account, Chapter, Totals},
    client::{Api, get, hyper, post},
    issued::Issued,
};

const DAY: Duration = Duration::from_secs(86_400);
const REDIRECT_URI: &str = "https://shop.example/octorate";
const MINUTE: Duration = Duration::from_secs(60);

struct Story<'a> {
    emulator: OctorateEmulator,
    clock: ManualClock,
    octorate: Octorate,
    chapter: Chapter<'a>,
}

pub(crate) async fn run(account: &mut Account) -> Result<(), BoxError> {
    let clock = ManualClock::new();
    let emulator = OctorateEmulator::start(Arc::new(clock.clone())).await?;
    let config = Config::new(&emulator.client_id(), emulator.client_secret())
        .base_url(Endpoint::parse(&emulator.api_root())?)
        .authorize_page(Endpoint::parse(&emulator.authorize_url())?)
        .redirect_uri(REDIRECT_URI)?;
    let key = config.store_key("hotel-1");
    let store = MemoryStore::new();
    let grants = &["authorize", "code", "refresh", "apilogin", "migrate"];
    let mut story = Story {
        chapter: account.chapter("Octorate", "hyper-util's client", emulator.ledger(), grants),
        octorate: Octorate::connect(config)?,
        clock,
        emulator,
    };

    story.register().await?;
    let issued = Issued::default();
    let (time, watch) = (story.clock.clone(), issued.clone());
    let hotel = story.octorate.property("hotel-1", |builder| {
        builder
            .clock(time)
            .store(store.clone(), key.clone())
            .observer(watch)
    });
    let api = hyper(hotel.clone());
    story.first_login(&hotel, &api).await?;
    let saved = store.load(&key).await?.is_some();
    story.chapter.step(
        "The login is in the store.",
        if saved { "saved" } else { "not saved" },
        "saved",
        &[],
    );
    story.a_day_of_calls(&hotel, &api, &issued).await?;
    story.other_logins().await?;
    story.cancelled(&hotel, &api).await?;
    story.end()
}

impl Story<'_> {
    fn new_property(&self, account: &str) -> PropertySource {
        let clock = self.clock.clone();
        self.octorate
            .property(account, |builder| builder.clock(clock))
    }

    async fn register(&mut self) -> Result<(), BoxError> {
        let clock = self.clock.clone();
        let admin = self.octorate.admin(|builder| builder.clock(clock));
        let environment = admin.configuration().await?.environment;
        self.chapter.step(
            "ApiLogin brought a token for administration, and the configuration was read with it.",
            &environment.unwrap_or_default(),
            "SANDBOX",
            &["apilogin"],
        );
        admin.replace(List::RedirectUri, &[REDIRECT_URI]).await?;
        let known = admin
            .configuration()
            .await?
            .redirect_uri
            .unwrap_or_default();
        self.chapter.step(
            "The shop's redirect URI was registered; the same token served.",
            &format!("{} address", known.len()),
            "1 address",
            &[],
        );
        self.chapter.debugged(&admin);
        Ok(())
    }

    /// Plays a user in front of the authorize page, and the shop that receives the callback.
    async fn authorize(&self, hotel: &PropertySource) -> Result<(), BoxError> {
        let request = self.octorate.authorization()?;
        let (address, mut pending) = request.start(self.clock.now())?;
        let callback = self.emulator.approve(&address);
        let callback = callback.ok_or("the user was left on an error page")?;
        let code = pending.callback(&callback, self.clock.now())?;
        Ok(hotel.authorize(code).await?)
    }

    async fn first_login(&mut self, hotel: &PropertySource, api: &Api) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        self.chapter.step(
            "Nobody has authorized yet: the layer sent nothing and asked for a login.",
            &get(api, &demo).await?,
            "LoginRequired",
            &[],
        );
        self.authorize(hotel).await?;
        self.chapter.step(
            "A user approved in the browser; the code was exchanged, and the next call went through.",
            &get(api, &demo).await?,
            "200",
            &["authorize", "code"],
        );
        self.chapter.debugged(hotel);
        Ok(())
    }

    async fn a_day_of_calls(
        &mut self,
        hotel: &PropertySource,
        api: &Api,
        issued: &Issued,
    ) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        self.clock.advance(DAY - 4 * MINUTE);
        let outcome = get(api, &demo).await?;
        // One token came with the code, the next one with this renewal.
        issued.until(2).await;
        self.chapter.step(
            "Four minutes before its end the token was used once more, while the layer had it renewed.",
            &outcome,
            "200",
            &["refresh"],
        );
        let token = hotel.token().await?;
        self.emulator.revoke_access_token(token.access().expose());
        self.chapter.step(
            "The server refused the token; the layer obtained another and sent the request again, body and all.",
            &post(api, &demo).await?,
            "200",
            &["refresh"],
        );
        self.clock.advance(DAY + MINUTE);
        self.chapter.step(
            "After a quiet day the token had ended; the call waited for a new one.",
            &get(api, &demo).await?,
            "200",
            &["refresh"],
        );
        self.chapter.debugged(&token);
        Ok(())
    }

    async fn other_logins(&mut self) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        let clock = self.clock.clone();
        let admin = self.octorate.admin(|builder| builder.clock(clock));
        let hotel = self.new_property("hotel-2");
        let json = r#"{"name":"a made-up hotel"}"#.into();
        let ids = admin.create_property(json, &hotel).await?;
        self.chapter.step(
            "A property was created; the refresh token in the answer is its login.",
            &format!("{} property", ids.len()),
            "1 property",
            &["apilogin"],
        );
        self.chapter.step(
            "The first call for it began with a refresh.",
            &get(&hyper(hotel), &demo).await?,
            "200",
            &["refresh"],
        );
        let hotel = self.new_property("hotel-3");
        let old_key = self.emulator.add_legacy_key();
        hotel.migrate(old_key, "16999").await?;
        self.chapter.step(
            "A key of the old interface was migrated, and its token used.",
            &get(&hyper(hotel), &demo).await?,
            "200",
            &["migrate"],
        );
        Ok(())
    }

    async fn cancelled(&mut self, hotel: &PropertySource, api: &Api) -> Result<(), BoxError> {
        let demo = self.emulator.demo_url();
        let token = hotel.token().await?;
        self.emulator.revoke_refresh_token("16997");
        self.emulator.revoke_access_token(token.access().expose());
        self.chapter.step(
            "The customer disconnected the shop: one refresh was refused, and the caller is told by kind.",
            &get(api, &demo).await?,
            "LoginRequired",
            &["refresh"],
        );
        self.chapter.step(
            "The next call fails at once; the dead refresh token is not sent again.",
            &get(api, &demo).await?,
            "LoginRequired",
            &[],
        );
        self.authorize(hotel).await?;
        self.chapter.step(
            "The customer authorized again, and the same client works on.",
            &get(api, &demo).await?,
            "200",
            &["authorize", "code"],
        );
        self.chapter.debugged(&hotel.status());
        Ok(())
    }

    fn end(self) -> Result<(), BoxError> {
        let emulator = &self.emulator;
        let mut secrets = vec![emulator.client_secret()];
        secrets.extend(emulator.access_tokens());
        secrets.extend(emulator.refresh_tokens());
        let totals = Totals {
            grants: &[2, 2, 5, 2, 1],
            refused: 2,
            deviations: 0,
        };
        self.chapter.end(secrets, &totals);
        Ok(())
    }
}
