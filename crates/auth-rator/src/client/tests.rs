use std::time::Duration;

use auth_core::{ErrorKind, TokenSource};
use auth_oauth2::{Endpoint, legacy::User};
use auth_testkit::ScriptedTransport;
use http::{StatusCode, header::CACHE_CONTROL};

use super::*;
use crate::{BrandKey, ClientAuth, RatorPreset};

const GRANTED: &str = r#"{"access_token":"made-up","token_type":"bearer","scope":"read"}"#;

fn config() -> Config {
    let at = |url| Endpoint::parse(url).unwrap();
    let (token, api) = (
        at("https://bss.example/oauth/token"),
        at("https://bss.example"),
    );
    let brand = BrandKey::with_header("brand1", "BRAND1").unwrap();
    Config::new(token, api, "demo client", Secret::new("demo+secret"), brand)
}

fn user() -> User {
    User::new("alice".into(), "demo-pw".into()).unwrap()
}

async fn granted(config: Config) -> (Rator, ScriptedTransport) {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, GRANTED);
    (Rator::new(config, transport.clone()).unwrap(), transport)
}

#[tokio::test]
async fn a_token_carries_the_brand_and_only_what_the_server_said() {
    let (rator, _) = granted(config()).await;
    let token = rator.password(user()).build().token().await.unwrap();
    let headers: Vec<_> = token.headers().collect();
    assert_eq!(headers.len(), 2);
    assert_eq!(headers[1].1, "BRAND1");
    assert!(token.lifetime().is_none());
}

#[tokio::test]
async fn a_lifetime_can_be_assumed() {
    let (rator, _) = granted(config().assumed_lifetime(Duration::from_secs(60))).await;
    let token = rator.password(user()).build().token().await.unwrap();
    assert_eq!(token.lifetime().unwrap().length(), Duration::from_secs(60));
}

#[tokio::test]
async fn the_client_is_shown_as_configured() {
    for (client_auth, expected) in [
        (ClientAuth::Basic, "Basic ZGVtbyBjbGllbnQ6ZGVtbytzZWNyZXQ="),
        (
            ClientAuth::BasicEncoded,
            "Basic ZGVtbyUyMGNsaWVudDpkZW1vJTJCc2VjcmV0",
        ),
    ] {
        let (rator, transport) = granted(config().client_auth(client_auth)).await;
        rator
            .operator_password(user())
            .build()
            .token()
            .await
            .unwrap();
        assert!(transport.requests()[0].header_has("authorization", expected));
    }
}

#[tokio::test]
async fn operators_can_do_without_a_client_and_nobody_else_can() {
    let config = config().client_auth(ClientAuth::AbsentForOperators);
    for (operator, shown) in [(true, false), (false, true)] {
        let (rator, transport) = granted(config.clone()).await;
        let source = if operator {
            rator.operator_password(user())
        } else {
            rator.password(user())
        };
        source.build().token().await.unwrap();
        let seen = transport.requests()[0]
            .request()
            .headers()
            .contains_key("authorization");
        assert_eq!(seen, shown);
    }
}

#[tokio::test]
async fn the_insecure_form_has_no_body_and_asks_not_to_be_stored() {
    let (rator, transport) = granted(config().preset(RatorPreset::AllQueryInsecure)).await;
    rator.password(user()).build().token().await.unwrap();
    let sent = &transport.requests()[0];
    assert!(sent.request().body().is_empty());
    assert_eq!(sent.request().headers()[CACHE_CONTROL], "no-store");
    for (name, value) in [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "demo-pw"),
        ("brand_key", "brand1"),
    ] {
        assert!(sent.query_has(name, value), "{name}");
    }
}

#[tokio::test]
async fn one_name_never_stands_in_two_places() {
    for name in ["brand_key", "username"] {
        let (rator, transport) = granted(config().also_send_as(name)).await;
        let error = rator.password(user()).build().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(transport.calls(), 0);
    }
}

#[test]
fn a_client_that_cannot_be_shown_is_refused_at_once() {
    let transport = ScriptedTransport::new();
    let new = |id: &str, secret: &str, client_auth| {
        let mut config = config().client_auth(client_auth);
        (config.client_id, config.client_secret) = (id.into(), secret.into());
        Rator::new(config, transport.clone()).map(drop)
    };
    assert!(new("a:b", "c", ClientAuth::Basic).is_err());
    assert!(new("a:b", "c", ClientAuth::BasicEncoded).is_ok());
    assert!(new("", "c", ClientAuth::Basic).is_err());
    assert!(new("a", "", ClientAuth::AbsentForOperators).is_err());
}

#[test]
fn handles_can_be_shared_and_shown() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let rator = Rator::new(config(), ScriptedTransport::new()).unwrap();
    shared(&rator);
    assert!(!format!("{rator:?}").contains("demo+secret"));
}

#[tokio::test]
async fn operators_without_a_client_refresh_with_it_and_log_in_where_it_is_refused() {
    let (login, refresh) = ((false, false), (true, true));
    for (refused, expected) in [
        (false, vec![login, refresh]),
        (true, vec![login, refresh, login]),
    ] {
        let config = config().client_auth(ClientAuth::AbsentForOperators);
        let transport = ScriptedTransport::new();
        let held = r#"{"access_token":"made-up","refresh_token":"made-up-2"}"#;
        transport.json(StatusCode::OK, held);
        if refused {
            let error = r#"{"error":"invalid_client"}"#;
            transport.json(StatusCode::UNAUTHORIZED, error);
        }
        transport.json(StatusCode::OK, r#"{"access_token":"made-up-3"}"#);
        let rator = Rator::new(config, transport.clone()).unwrap();
        let source = rator.operator_password(user()).build();
        source.reject(&source.token().await.unwrap());
        let token = source.token().await.unwrap();
        assert_eq!(token.access().expose(), "made-up-3");
        let sent: Vec<_> = transport
            .requests()
            .iter()
            .map(|sent| {
                let shown = sent.request().headers().contains_key("authorization");
                (shown, sent.form_has("grant_type", "refresh_token"))
            })
            .collect();
        assert_eq!(sent, expected);
    }
}

#[test]
fn a_brand_needs_a_name_in_token_requests() {
    for (config, good) in [
        (config().brand_name(""), false),
        (config().also_send_as(""), false),
        (config().brand_name("brandKey"), true),
    ] {
        let made = Rator::new(config, ScriptedTransport::new());
        let kind = made.err().map(|error| error.kind());
        assert_eq!(kind, (!good).then_some(ErrorKind::Configuration));
    }
}
