//! Logins over real sockets, against servers that quote what they are sent, break off, and send elsewhere.

use std::{sync::Arc, time::Duration};

use auth_core::{
    Cached, Clock, Error, Exchange, Grant, MemoryStore, Secret, StoreKey, TokenSource, Transport,
};
use auth_oauth2::{
    AuthorizationCodeGrant, AuthorizationRequest, Basic, ClientCredentials, Dialect, Endpoint,
    QueryInsecure, TokenClient, legacy::User,
};
use auth_orgapi::OrgApi;
use auth_rator::{BrandKey, Rator, RatorPreset};
use auth_reqwest::ReqwestTransport;
use auth_testkit::{
    Fault, Ledger, ManualClock, OAuth2Emulator, OrgApiEmulator, RatorEmulator, RatorKnobs,
    RatorProfile, Server,
};
use auth_tower::TowerTransport;
use http_body_util::Full;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tower::ServiceBuilder;
use tower_http::trace::{DefaultMakeSpan, DefaultOnRequest, DefaultOnResponse, TraceLayer};

use super::{Canaries, Surfaces, assert_silent, flows::parameter, log::Log};

/// What a server does to one request. `S` in a text stands for a secret that the client holds.
fn faults(secret: &str, elsewhere: &str) -> Vec<Fault> {
    let json = |status: u16, body: &str| Fault::Json(status, body.replace('S', secret));
    let redirect = |location: &str| Fault::Redirect {
        status: 307,
        location: location.replace('S', secret),
    };
    vec![
        json(400, r#"{"error":"invalid_grant","error_description":"S"}"#),
        json(401, r#"{"error":"S","error_description":"S"}"#),
        json(200, r#"{"access_token":["S"]}"#),
        json(200, r#"{"access_token":"S\u0001","token_type":"S"}"#),
        json(500, r#""S""#),
        redirect(&format!("{elsewhere}/S?refresh_token=S")),
        redirect("//S@other.example/?S"),
        redirect("S"),
        Fault::Html(503),
        Fault::Html(200),
        Fault::Empty(200),
        Fault::WrongTypes,
        Fault::Truncated,
        Fault::HugeBody,
        Fault::EndlessHeaders,
        Fault::GzipBomb,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::ResetMidBody,
        Fault::TooMany {
            retry_after: secret.to_owned(),
        },
        Fault::Raw(format!("{secret} is no HTTP\r\n\r\n").into()),
        Fault::Raw(format!("HTTP/1.1 200 {secret}\r\n{secret}\r\n\r\n").into()),
    ]
}

/// A transport of each make; what `tower-http` logs of it is looked through as well.
fn transports() -> Vec<(&'static str, Arc<dyn Transport>)> {
    let trace = TraceLayer::new_for_http()
        .make_span_with(
            DefaultMakeSpan::new()
                .level(tracing::Level::TRACE)
                .include_headers(true),
        )
        .on_request(DefaultOnRequest::new().level(tracing::Level::TRACE))
        // Headers of answers are the server's words, and whoever logs them logs what it says.
        .on_response(DefaultOnResponse::new().level(tracing::Level::TRACE));
    let hyper = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    // A layer that logs addresses shows every query, so it stands only where no secret is in one.
    let traced = ServiceBuilder::new().layer(trace).service(hyper.clone());
    vec![
        ("reqwest", Arc::new(ReqwestTransport::new().unwrap())),
        ("hyper", Arc::new(TowerTransport::new(hyper))),
        ("hyper, traced", Arc::new(TowerTransport::new(traced))),
    ]
}

/// Asks for a token under every fault and once more without.
async fn live(
    name: &str,
    source: &Cached,
    (server, clock): (&Server, &ManualClock),
    secret: &str,
    surfaces: &mut Surfaces,
) {
    let elsewhere = "http://127.0.0.1:9";
    for (number, fault) in faults(secret, elsewhere).into_iter().enumerate() {
        let name = format!("{name}, fault {number}");
        server.always(fault);
        let outcome = source.renew_now().await;
        surfaces.debug(&name, &outcome);
        surfaces.debug(&name, &source.status());
        if let Err(error) = outcome {
            surfaces.error(&name, &error);
        }
        server.clear();
        clock.advance(Duration::from_secs(3600));
    }
    surfaces.debug(name, &source.renew_now().await.unwrap());
    surfaces.debug(name, source);
}

fn add_all(canaries: &mut Canaries, what: &str, secrets: Vec<Secret>) {
    for secret in secrets {
        canaries.add(what, secret.expose());
    }
}

/// The server's own notes are shown when a test fails, so they are looked through as well.
fn notes(ledger: &Ledger, surfaces: &mut Surfaces) {
    surfaces.debug("a ledger", ledger);
    for entry in ledger.entries() {
        surfaces.debug("an entry", &entry);
        surfaces.debug("a request", &*entry);
    }
    for stray in ledger.secrets_out_of_place() {
        surfaces.text("a stray secret", format!("{stray} {stray:?}"));
    }
    for deviation in ledger.deviations() {
        surfaces.text("a deviation", format!("{deviation} {deviation:?}"));
    }
}

#[tokio::test]
async fn the_organization_api_keeps_its_secrets() {
    let (log, _guard) = Log::start();
    for (transport, over) in transports().into_iter().take(2) {
        for auth in [
            auth_orgapi::ClientAuth::Basic,
            auth_orgapi::ClientAuth::QueryInsecure,
        ] {
            let clock = ManualClock::new();
            let emulator = OrgApiEmulator::start(Arc::new(clock.clone()))
                .await
                .unwrap();
            let (id, secret) = (emulator.client_id(), emulator.client_secret());
            let config =
                auth_orgapi::Config::new(&emulator.base_url(), &id, secret.clone()).unwrap();
            let orgapi = OrgApi::new(config.client_auth(auth), Arc::clone(&over));
            let source = orgapi
                .unwrap()
                .client_credentials()
                .clock(clock.clone())
                .build();
            let mut surfaces = Surfaces::default();
            let name = format!("{transport}, {auth:?}");
            let at = (emulator.server(), &clock);
            live(&name, &source, at, secret.expose(), &mut surfaces).await;
            notes(emulator.ledger(), &mut surfaces);
            surfaces.debug("the emulator", &emulator);
            let mut canaries = Canaries::default();
            canaries.add("client secret", secret.expose());
            add_all(&mut canaries, "access token", emulator.access_tokens());
            add_all(&mut canaries, "refresh token", emulator.refresh_tokens());
            is_silent(&log, surfaces, &canaries);
        }
    }
}

#[tokio::test]
async fn rator_keeps_its_secrets() {
    let (log, _guard) = Log::start();
    for (transport, over) in transports() {
        for profile in [RatorProfile::LegacyUuid, RatorProfile::Sas] {
            let clock = ManualClock::new();
            let emulator = RatorEmulator::start(Arc::new(clock.clone())).await.unwrap();
            emulator.configure(|knobs| *knobs = RatorKnobs::of(profile));
            let (secret, (name, password)) = (emulator.client_secret(), emulator.user());
            let config = auth_rator::Config::new(
                Endpoint::parse(&emulator.token_url()).unwrap(),
                Endpoint::parse(&emulator.base_url()).unwrap(),
                &emulator.client_id(),
                secret.clone(),
                BrandKey::new("BRAND1").unwrap(),
            );
            let rator = Rator::new(config.preset(RatorPreset::V17), Arc::clone(&over)).unwrap();
            let user = User::new(name.into(), password.clone()).unwrap();
            let source = rator.password(user).clock(clock.clone()).build();
            let mut surfaces = Surfaces::default();
            // This server quotes refresh tokens by itself once they are dead.
            source.token().await.unwrap();
            emulator.revoke_refresh_tokens();
            surfaces.debug("after a revocation", &source.renew_now().await);
            let at = (emulator.server(), &clock);
            live(transport, &source, at, password.expose(), &mut surfaces).await;
            notes(emulator.ledger(), &mut surfaces);
            surfaces.debug("the emulator", &emulator);
            let mut canaries = Canaries::default();
            canaries.add("client secret", secret.expose());
            canaries.add("password", password.expose());
            add_all(&mut canaries, "access token", emulator.access_tokens());
            add_all(&mut canaries, "refresh token", emulator.refresh_tokens());
            is_silent(&log, surfaces, &canaries);
        }
    }
}

#[tokio::test]
async fn a_login_by_the_standard_keeps_its_secrets() {
    let (log, _guard) = Log::start();
    for (transport, over) in transports() {
        let clock = ManualClock::new();
        let emulator = OAuth2Emulator::start(Arc::new(clock.clone()))
            .await
            .unwrap();
        let secret = emulator.client_secret();
        let basic = Basic::encoded(&emulator.client_id(), &secret).unwrap();
        let token_url = Endpoint::parse(&emulator.token_url()).unwrap();
        let client = TokenClient::new(token_url, basic, Arc::clone(&over), Dialect::default());
        let page = Endpoint::parse(&emulator.authorize_url()).unwrap();
        let redirect = emulator.redirect_uri();
        let request = AuthorizationRequest::new(page, &emulator.client_id(), &redirect).unwrap();
        let (address, mut pending) = request.start(clock.now()).unwrap();
        let callback = emulator.approve(&address).expect("the user is sent back");
        let mut canaries = Canaries::default();
        canaries.add("state", &parameter(&address, "state"));
        canaries.add("code", &parameter(&callback, "code"));
        let code = pending.callback(&callback, clock.now()).unwrap();
        let source = Cached::builder(
            AuthorizationCodeGrant::new(client, code),
            auth_core::Origins::parse(&emulator.base_url()).unwrap(),
        )
        .clock(clock.clone())
        .store(MemoryStore::new(), StoreKey::new(["demo"]))
        .build();
        let mut surfaces = Surfaces::default();
        source.token().await.unwrap();
        let verifier = emulator.ledger().entries();
        let verifier = verifier
            .iter()
            .find_map(|entry| entry.form_value("code_verifier"));
        canaries.add("verifier", &verifier.expect("it was sent"));
        emulator.server().always(Fault::Json(
            400,
            format!("{{\"error\":\"{}\"}}", secret.expose()),
        ));
        surfaces.debug(transport, &source.renew_now().await);
        emulator.server().clear();
        surfaces.debug(transport, &source);
        notes(emulator.ledger(), &mut surfaces);
        surfaces.debug("the emulator", &emulator);
        canaries.add("client secret", secret.expose());
        add_all(&mut canaries, "access token", emulator.access_tokens());
        add_all(&mut canaries, "refresh token", emulator.refresh_tokens());
        is_silent(&log, surfaces, &canaries);
    }
}

/// Where nobody listens, the client knows only the address, and the secret stands in it.
#[tokio::test]
async fn a_failed_connection_does_not_name_the_address() {
    let (log, _guard) = Log::start();
    let planted = super::Planted::of_all_characters();
    for (transport, over) in transports().into_iter().take(2) {
        for address in ["http://127.0.0.1:9/token", "https://127.0.0.1:9/token"] {
            let client = QueryInsecure::new("demo", planted.client_secret.as_str().into()).unwrap();
            let endpoint = Endpoint::parse(address).unwrap();
            let client = TokenClient::new(endpoint, client, Arc::clone(&over), Dialect::default());
            let ctx = Exchange::new(Arc::new(ManualClock::new()));
            let error: Error = ClientCredentials::new(client)
                .exchange(&ctx)
                .await
                .unwrap_err();
            let mut surfaces = Surfaces::default();
            surfaces.error(&format!("{transport}, {address}"), &error);
            is_silent(&log, surfaces, &planted.canaries());
        }
    }
}

/// Checks the log together with the rest, and that the log is one.
fn is_silent(log: &Log, mut surfaces: Surfaces, canaries: &Canaries) {
    let text = log.take();
    assert!(text.contains("token_request"), "nothing was logged by us");
    let others = ["hyper_util", "reqwest", "hyper"];
    assert!(
        others.iter().any(|name| text.contains(name)),
        "nothing was logged by others"
    );
    surfaces.text("log", text);
    assert_silent(&surfaces, canaries);
}
