//! The providers, each in every mode, against every answer that quotes secrets.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth_core::{CachedBuilder, Event, MemoryStore, Secret, StoreKey, TokenSource};
use auth_oauth2::{
    Endpoint,
    legacy::{User, UserCredentials},
};
use auth_orgapi::OrgApi;
use auth_rator::{BrandKey, Rator, RatorPreset};
use auth_testkit::{ManualClock, ScriptedTransport};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{Planted, Surfaces, assert_silent, log::Log, replies};

type Make = fn(&Planted, ScriptedTransport, &mut Surfaces) -> CachedBuilder;

const LOGINS: [(&str, Make); 9] = [
    ("orgapi", |planted, transport, surfaces| {
        orgapi(planted, transport, surfaces, auth_orgapi::ClientAuth::Basic)
    }),
    ("orgapi, encoded", |planted, transport, surfaces| {
        orgapi(
            planted,
            transport,
            surfaces,
            auth_orgapi::ClientAuth::BasicEncoded,
        )
    }),
    ("orgapi, query", |planted, transport, surfaces| {
        orgapi(
            planted,
            transport,
            surfaces,
            auth_orgapi::ClientAuth::QueryInsecure,
        )
    }),
    ("rator, user", |planted, transport, surfaces| {
        rator(planted, transport, surfaces, RatorPreset::V3).password(user(planted))
    }),
    ("rator v17, user", |planted, transport, surfaces| {
        rator(planted, transport, surfaces, RatorPreset::V17).password(user(planted))
    }),
    (
        "rator, user in the query",
        |planted, transport, surfaces| {
            rator(planted, transport, surfaces, RatorPreset::AllQueryInsecure)
                .password(user(planted))
        },
    ),
    ("rator, operator", |planted, transport, surfaces| {
        rator(planted, transport, surfaces, RatorPreset::V3).operator_password(user(planted))
    }),
    ("rator, client", |planted, transport, surfaces| {
        rator(planted, transport, surfaces, RatorPreset::V17).client_credentials_for("op.demo")
    }),
    ("rator, refresh token", |planted, transport, surfaces| {
        let refresh = Secret::from(&*planted.refresh);
        rator(planted, transport, surfaces, RatorPreset::AllQueryInsecure).refresh_token(refresh)
    }),
];

fn orgapi(
    planted: &Planted,
    transport: ScriptedTransport,
    surfaces: &mut Surfaces,
    auth: auth_orgapi::ClientAuth,
) -> CachedBuilder {
    let secret = Secret::from(&*planted.client_secret);
    let config = auth_orgapi::Config::new("fra1.blynk.cloud", "demo", secret).unwrap();
    let config = config.client_auth(auth);
    surfaces.debug("a configuration", &config);
    let orgapi = OrgApi::new(config, transport).unwrap();
    surfaces.debug("a client", &orgapi);
    orgapi.client_credentials()
}

fn rator(
    planted: &Planted,
    transport: ScriptedTransport,
    surfaces: &mut Surfaces,
    preset: RatorPreset,
) -> Rator {
    let config = auth_rator::Config::new(
        Endpoint::parse("https://login.example/rest-api-auth/oauth/token").unwrap(),
        Endpoint::parse("https://api.example/rest-api-core").unwrap(),
        "demo",
        Secret::from(&*planted.client_secret),
        BrandKey::new("BRAND1").unwrap(),
    );
    let config = config.preset(preset);
    surfaces.debug("a configuration", &config);
    let rator = Rator::new(config, transport).unwrap();
    surfaces.debug("a client", &rator);
    rator
}

fn user(planted: &Planted) -> impl UserCredentials + use<> {
    User::new(
        planted.user.as_str().into(),
        planted.password.as_str().into(),
    )
    .unwrap()
}

#[tokio::test]
async fn no_provider_shows_a_secret_whatever_the_server_says() {
    let (log, _guard) = Log::start();
    for (planted, step) in [
        (Planted::of_all_characters(), 1),
        (Planted::like_error_codes(), 3),
    ] {
        let canaries = planted.canaries();
        for &(login, make) in LOGINS.iter().step_by(step) {
            let mut granted = 0;
            for number in 0..replies::count() {
                let name = format!("{login}, answer {number}");
                let mut surfaces = Surfaces::default();
                granted += run(&name, make, number, &planted, &mut surfaces).await;
                surfaces.text(&format!("{name}: log"), log.take());
                assert_silent(&surfaces, &canaries);
            }
            assert!(granted > 0, "{login}: no token was ever granted");
        }
    }
}

/// Lets one login live until its token has ended, with every answer of that number.
async fn run(
    name: &str,
    make: Make,
    number: usize,
    planted: &Planted,
    surfaces: &mut Surfaces,
) -> usize {
    let (transport, server, clock) = (
        ScriptedTransport::new(),
        planted.clone(),
        ManualClock::new(),
    );
    // The second answer follows a grant, so that refreshing is quoted too.
    if number % 2 == 0 {
        transport.answers(replies::json(200, replies::success(planted)));
    }
    transport.always(move |request| replies::answer(number, &server, request));
    let events = Arc::new(Mutex::new(Vec::new()));
    let watched = Arc::clone(&events);
    let builder = make(planted, transport, surfaces)
        .clock(clock.clone())
        .store(MemoryStore::new(), StoreKey::new(["demo"]))
        .observer(move |name: &str, event: &Event| {
            let text = format!("{name} {event:?} {event:#?}");
            watched
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(text);
        });
    surfaces.debug("a builder", &builder);
    let source = builder.build();
    let mut granted = 0;
    for _ in 0..2 {
        let outcome = source.token().await;
        surfaces.debug(name, &outcome);
        surfaces.debug("a source", &source);
        surfaces.debug("a status", &source.status());
        match outcome {
            Ok(_) => granted += 1,
            Err(error) => surfaces.error(name, &error),
        }
        clock.advance(Duration::from_secs(3590));
    }
    for event in events
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .drain(..)
    {
        surfaces.text(&format!("{name}: event"), event);
    }
    granted
}

/// What resources say is read by functions of the providers.
#[test]
fn no_answer_of_an_api_is_quoted() {
    let planted = Planted::of_all_characters();
    let request = http::Request::get("https://api.example/things")
        .header("authorization", format!("Bearer {}", planted.access))
        .body(bytes::Bytes::new())
        .unwrap();
    let mut surfaces = Surfaces::default();
    for number in 0..replies::count() {
        let Ok(reply) = replies::answer(number, &planted, &request) else {
            continue;
        };
        let (status, headers, body) = (reply.status(), reply.headers(), reply.body());
        // A request id and a host to go to are told as they are; no server puts the token there.
        let mut headers = headers.clone();
        headers.remove("request-id");
        headers.remove("x-request-id");
        if host(&headers).is_some_and(|host| host.contains("Kanarie")) {
            headers.remove("location");
        }
        let error = auth_orgapi::resource_error(status, &headers, body);
        surfaces.error(&format!("orgapi, answer {number}"), &error);
        let error = auth_octorate::resource_error(status, &headers, body);
        surfaces.error(&format!("octorate, answer {number}"), &error);
    }
    for status in 100..600 {
        let hint = auth_rator::hint(StatusCode::from_u16(status).unwrap());
        surfaces.text("hint", hint.unwrap_or_default().to_owned());
    }
    assert_silent(&surfaces, &planted.canaries());
}

fn host(headers: &HeaderMap) -> Option<String> {
    let location: &HeaderValue = headers.get("location")?;
    let location = http::Uri::try_from(location.as_bytes()).ok()?;
    Some(location.host()?.to_owned())
}
