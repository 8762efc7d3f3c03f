//! Octorate, every way in and every call, against every answer that quotes secrets.

use auth_core::{CachedBuilder, Clock, Error, Secret, TokenSet, TokenSource};
use auth_octorate::{AdminSource, Config, Octorate, PropertySource};
use auth_testkit::{ManualClock, ScriptedTransport};

use super::{Planted, Surfaces, assert_silent, flows::parameter, log::Log, replies};

#[derive(Clone, Copy, Debug)]
enum Way {
    Administrator,
    Configuration,
    Property,
    Refresh,
    Code,
    Migration,
}

const WAYS: [Way; 6] = [
    Way::Configuration,
    Way::Property,
    Way::Administrator,
    Way::Refresh,
    Way::Code,
    Way::Migration,
];

#[tokio::test]
async fn octorate_shows_no_secret_whatever_the_server_says() {
    let (log, _guard) = Log::start();
    // The API's own codes are told as they are, and no token looks like one.
    let (calls, logins) = WAYS.split_at(2);
    for (planted, ways) in [
        (Planted::of_all_characters(), [calls, logins]),
        (Planted::like_error_codes(), [&[], logins]),
    ] {
        let canaries = planted.canaries();
        for &way in ways.into_iter().flatten() {
            let mut good = 0;
            for number in 0..replies::count() {
                let name = format!("octorate, {way:?}, answer {number}");
                let mut surfaces = Surfaces::default();
                let mut canaries = canaries.clone();
                let login = Login::new(number, way, &planted, &mut surfaces);
                let outcome = login.run(way, &planted, &mut canaries).await;
                surfaces.debug("an administrator", &login.admin);
                surfaces.debug("a property", &login.property);
                surfaces.debug("a status", &login.property.status());
                match outcome {
                    Ok(()) => good += 1,
                    Err(error) => surfaces.error(&name, &error),
                }
                surfaces.text(&format!("{name}: log"), log.take());
                assert_silent(&surfaces, &canaries);
            }
            assert!(good > 0, "{way:?}: nothing ever went well");
        }
    }
}

struct Login {
    clock: ManualClock,
    octorate: Octorate,
    admin: AdminSource,
    property: PropertySource,
}

impl Login {
    fn new(number: usize, way: Way, planted: &Planted, surfaces: &mut Surfaces) -> Self {
        let (transport, server) = (ScriptedTransport::new(), planted.clone());
        // A call of a resource needs a token first.
        if matches!(way, Way::Configuration | Way::Property) {
            transport.answers(replies::json(200, replies::success(planted)));
            if number == 0 {
                let made = serde_json::json!({ "id": 1, "refresh_token": planted.refresh });
                transport.answers(replies::json(200, made.to_string()));
            }
        }
        transport.always(move |request| {
            let mut answer = replies::answer(number, &server, request)?;
            // What an API calls a request, and where it sends it, is told as it is; no server puts the token there.
            if request.headers().contains_key("authorization") {
                for name in ["request-id", "x-request-id", "location"] {
                    answer.headers_mut().remove(name);
                }
            }
            Ok(answer)
        });
        let secret = Secret::from(&*planted.client_secret);
        let octorate = Octorate::new(Config::new("demo", secret), transport).unwrap();
        surfaces.debug("a client", &octorate);
        let clock = ManualClock::new();
        let held = TokenSet::login(planted.refresh.as_str().into());
        let adjust = |builder: CachedBuilder| builder.clock(clock.clone());
        let admin = octorate.admin(adjust);
        let property = octorate.property("demo", |builder| adjust(builder).previous(held));
        Self {
            clock,
            octorate,
            admin,
            property,
        }
    }

    async fn run(
        &self,
        way: Way,
        planted: &Planted,
        canaries: &mut super::Canaries,
    ) -> Result<(), Error> {
        match way {
            Way::Administrator => self.admin.token().await.map(drop),
            Way::Configuration => self.admin.configuration().await.map(drop),
            Way::Property => {
                let json = serde_json::json!({ "name": "demo" }).to_string();
                let made = self.admin.create_property(json.into(), &self.property);
                made.await.map(drop)
            }
            Way::Refresh => self.property.token().await.map(drop),
            Way::Migration => {
                let key = Secret::from(&*planted.api_key);
                self.property.migrate(key, "16997").await
            }
            Way::Code => {
                let request = self.octorate.authorization()?;
                let (address, mut pending) = request.start(self.clock.now())?;
                let state = parameter(&address, "state");
                canaries.add("state", &state);
                let callback = url::form_urlencoded::Serializer::new("/cb?".to_owned())
                    .append_pair("code", &planted.code)
                    .append_pair("state", &state)
                    .finish();
                let code = pending.callback(&callback, self.clock.now())?;
                self.property.authorize(code).await
            }
        }
    }
}
