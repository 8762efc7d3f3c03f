//! Rator's requests, byte for byte.

use std::{collections::BTreeMap, str, sync::Arc, time::Duration};

use auth_core::{Cached, CachedBuilder, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_rator::{BrandKey, Config, Rator, RatorPreset};
use auth_testkit::{ManualClock, RatorEmulator, Request};
use auth_tower::AuthLayer;
use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Layer, ServiceExt};

const BASIC: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=";
const IN_QUERY: &str = "POST /rest-api-auth/oauth/token?brand_key=BRAND1 HTTP/1.1";
const IN_BODY: &str = "POST /rest-api-auth/oauth/token HTTP/1.1";

struct Wire {
    emulator: RatorEmulator,
    clock: ManualClock,
    rator: Rator,
}

impl Wire {
    async fn start(preset: RatorPreset) -> Self {
        let clock = ManualClock::new();
        let emulator = RatorEmulator::start(Arc::new(clock.clone())).await;
        let emulator = emulator.unwrap();
        emulator.client("demo-client", "demo-secret");
        emulator.add_user("alice", "demo-pw");
        emulator.add_operator("op.demo", "demo-pw");
        emulator.configure(|knobs| {
            knobs.grants.push("client_credentials".to_owned());
            knobs.all_query = preset == RatorPreset::AllQueryInsecure;
        });
        let token_url = Endpoint::parse(&emulator.token_url()).unwrap();
        let api = format!("{}/rest-api-core", emulator.base_url());
        let api = Endpoint::parse(&api).unwrap();
        let brand = BrandKey::new("BRAND1").unwrap();
        let config = Config::new(token_url, api, "demo-client", "demo-secret".into(), brand);
        let rator = Rator::connect(config.preset(preset)).unwrap();
        Self {
            emulator,
            clock,
            rator,
        }
    }

    async fn source(&self, builder: CachedBuilder) -> Cached {
        let source = builder.clock(self.clock.clone()).build();
        source.token().await.unwrap();
        source
    }

    fn last(&self) -> Request {
        assert_eq!(self.emulator.ledger().deviations(), []);
        (*self.emulator.ledger().last().unwrap()).clone()
    }
}

fn user(name: &str) -> User {
    User::new(name.into(), "demo-pw".into()).unwrap()
}

/// Checks the request line, the set of headers and the body, as they came over the socket.
fn check(request: &Request, line: &str, headers: &[(&str, &str)], wanted_body: &str) {
    let raw = str::from_utf8(request.raw()).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some(line));
    assert_eq!(body, wanted_body);
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
    let wanted: BTreeMap<_, _> = always
        .iter()
        .chain(headers)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(set, wanted);
}

/// Checks a token request for both presets: the brand stands in the query, or at the end of the body.
fn check_form(preset: RatorPreset, request: &Request, body: &str) {
    let headers = [
        ("authorization", BASIC),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    match preset {
        RatorPreset::V17 => {
            check(
                request,
                IN_BODY,
                &headers,
                &format!("{body}&brand_key=BRAND1"),
            );
        }
        _ => check(request, IN_QUERY, &headers, body),
    }
}

#[tokio::test]
async fn the_documented_logins_are_sent() {
    for preset in [RatorPreset::V3, RatorPreset::V17] {
        let wire = Wire::start(preset).await;
        let rator = &wire.rator;
        for (builder, body) in [
            (
                rator.password(user("alice")),
                "grant_type=password&username=alice&password=demo-pw",
            ),
            (
                rator.operator_password(user("op.demo")),
                "grant_type=operator_password&username=op.demo&password=demo-pw",
            ),
            (
                rator.client_credentials_for("op.demo"),
                "grant_type=client_credentials&operator=op.demo",
            ),
        ] {
            wire.source(builder).await;
            check_form(preset, &wire.last(), body);
        }
        wire.emulator
            .configure(|knobs| knobs.client_credentials_requires_operator = false);
        wire.source(rator.client_credentials()).await;
        check_form(preset, &wire.last(), "grant_type=client_credentials");
    }
}

#[tokio::test]
async fn the_documented_refresh_is_sent() {
    for preset in [RatorPreset::V3, RatorPreset::V17] {
        let wire = Wire::start(preset).await;
        let source = wire.source(wire.rator.password(user("alice"))).await;
        let refresh = wire.emulator.refresh_tokens()[0].expose().to_owned();
        wire.clock.advance(Duration::from_secs(43_200));
        source.token().await.unwrap();
        let body = format!("grant_type=refresh_token&refresh_token={refresh}");
        check_form(preset, &wire.last(), &body);
    }
}

#[tokio::test]
async fn the_insecure_form_is_sent_where_it_is_asked_for() {
    let wire = Wire::start(RatorPreset::AllQueryInsecure).await;
    wire.source(wire.rator.password(user("alice"))).await;
    check(
        &wire.last(),
        "POST /rest-api-auth/oauth/token?grant_type=password&username=alice&password=demo-pw&brand_key=BRAND1 HTTP/1.1",
        &[("authorization", BASIC), ("cache-control", "no-store")],
        "",
    );
}

#[tokio::test]
async fn what_needs_encoding_is_encoded() {
    let wire = Wire::start(RatorPreset::V3).await;
    wire.emulator.add_user("zoë m&m", "p+w = 100 %");
    let odd = User::new("zoë m&m".into(), "p+w = 100 %".into()).unwrap();
    wire.source(wire.rator.password(odd)).await;
    let body = "grant_type=password&username=zo%C3%AB+m%26m&password=p%2Bw+%3D+100+%25";
    check_form(RatorPreset::V3, &wire.last(), body);
}

#[tokio::test]
async fn the_documented_call_is_sent() {
    let wire = Wire::start(RatorPreset::V3).await;
    let source = wire.source(wire.rator.password(user("alice"))).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let api = AuthLayer::new(source).layer(client);
    let path = "/rest-api-core/api/billing-groups/201500000000000001/balance";
    let call = http::Request::get(format!("{}{path}", wire.emulator.base_url()))
        .header("accept", "application/json")
        .header("accept-language", "it")
        .body(Empty::new())
        .unwrap();
    assert_eq!(api.oneshot(call).await.unwrap().status(), 200);
    let bearer = format!("Bearer {}", wire.emulator.access_tokens()[0].expose());
    check(
        &wire.last(),
        &format!("GET {path} HTTP/1.1"),
        &[
            ("accept-language", "it"),
            ("authorization", &bearer),
            ("x-rator-brand-key", "BRAND1"),
        ],
        "",
    );
}
