//! Octorate's requests, byte for byte.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use auth_core::{Clock, Secret, TokenSource};
use auth_oauth2::Endpoint;
use auth_octorate::{Config, List, Octorate};
use auth_testkit::{Entry, ManualClock, OctorateEmulator};

const CLIENT: &str = "client_id=public_0f0e0d0c&client_secret=secret_demo_1";

struct Wire {
    emulator: OctorateEmulator,
    clock: ManualClock,
    octorate: Octorate,
}

impl Wire {
    async fn start() -> Self {
        let clock = ManualClock::new();
        let emulator = OctorateEmulator::start(Arc::new(clock.clone())).await;
        let emulator = emulator.unwrap();
        emulator.client("public_0f0e0d0c", "secret_demo_1");
        emulator.add_redirect_uri("https://shop.example/cb");
        let config = Config::new("public_0f0e0d0c", Secret::new("secret_demo_1"))
            .base_url(Endpoint::parse(&emulator.api_root()).unwrap())
            .authorize_page(Endpoint::parse(&emulator.authorize_url()).unwrap())
            .redirect_uri("https://shop.example/cb")
            .unwrap();
        let octorate = Octorate::connect(config).unwrap();
        Self {
            emulator,
            clock,
            octorate,
        }
    }

    fn last(&self) -> Entry {
        assert_eq!(self.emulator.ledger().deviations(), []);
        self.emulator.ledger().last().unwrap()
    }
}

/// Checks the request line, the set of headers and the body, as they came over the socket.
fn check(request: &Entry, line: &str, headers: &[(&str, &str)], wanted: &str) {
    let raw = std::str::from_utf8(request.raw()).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some(line));
    assert_eq!(body, wanted);
    let sent: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| name != "content-length")
        .collect();
    let set: BTreeMap<_, _> = sent.iter().cloned().collect();
    assert_eq!(set.len(), sent.len(), "a header stands there twice");
    let host = request.header("host").unwrap_or_default();
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    let always = [("accept", "application/json"), ("host", host)];
    let all = always.iter().chain(headers);
    let all: BTreeMap<_, _> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(set, all);
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_login_is_asked_for_exchanged_and_refreshed_as_documented() {
    let wire = Wire::start().await;
    let request = wire.octorate.authorization().unwrap();
    let (address, mut pending) = request.start(wire.clock.now()).unwrap();
    let (page, state) = address.split_once("&state=").unwrap();
    let query = "client_id=public_0f0e0d0c&redirect_uri=https%3A%2F%2Fshop.example%2Fcb";
    assert_eq!(page, format!("{}?{query}", wire.emulator.authorize_url()));
    assert_eq!(state.len(), 43, "256 bits");
    assert!(
        state
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );

    let callback = wire.emulator.approve(&address).unwrap();
    let code = callback
        .split_once("code=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap();
    let property = wire
        .octorate
        .property("16997", |source| source.clock(wire.clock.clone()));
    let received = pending.callback(&callback, wire.clock.now()).unwrap();
    property.authorize(received).await.unwrap();
    let redirect = "redirect_uri=https%3A%2F%2Fshop.example%2Fcb";
    check(
        &wire.last(),
        "POST /connect/rest/v1/identity/token HTTP/1.1",
        &[FORM],
        &format!("{CLIENT}&{redirect}&grant_type=code&code={code}"),
    );

    wire.clock.advance(Duration::from_secs(86_400));
    property.token().await.unwrap();
    let refresh = wire.emulator.refresh_tokens()[0].expose().to_owned();
    check(
        &wire.last(),
        "POST /connect/rest/v1/identity/refresh HTTP/1.1",
        &[FORM],
        &format!("{CLIENT}&refresh_token={refresh}"),
    );
}

#[tokio::test]
async fn administration_logs_in_and_calls_as_documented() {
    let wire = Wire::start().await;
    let admin = wire
        .octorate
        .admin(|source| source.clock(wire.clock.clone()));
    let token = admin.token().await.unwrap();
    check(
        &wire.last(),
        "POST /connect/rest/v1/identity/apilogin HTTP/1.1",
        &[FORM],
        CLIENT,
    );
    let bearer = format!("Bearer {}", token.access().expose());
    let bearer = ("authorization", &*bearer);
    admin.configuration().await.unwrap();
    let path = "/connect/rest/v1/api/configuration HTTP/1.1";
    check(&wire.last(), &format!("GET {path}"), &[bearer], "");
    admin
        .replace(List::RedirectUri, &["https://shop.example/cb"])
        .await
        .unwrap();
    let json = ("content-type", "application/json");
    let list = r#"{"redirectUri":["https://shop.example/cb"]}"#;
    check(
        &wire.last(),
        &format!("PATCH {path}"),
        &[bearer, json],
        list,
    );
}

#[tokio::test]
async fn a_migration_shows_the_old_key_and_no_client() {
    let wire = Wire::start().await;
    let key = wire.emulator.add_legacy_key();
    let property = wire
        .octorate
        .property("16997", |source| source.clock(wire.clock.clone()));
    property.migrate(key.clone(), "16997").await.unwrap();
    check(
        &wire.last(),
        "POST /connect/rest/v1/identity/migrate HTTP/1.1",
        &[FORM, ("key", key.expose())],
        "accommodation=16997",
    );
}
