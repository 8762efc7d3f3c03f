use auth_core::{Origins, Secret, Token};
use auth_oauth2::{Endpoint, legacy::User};
use auth_testkit::{ScriptedSource, ScriptedTransport};

use super::*;
use crate::{BrandKey, Config};

fn token() -> Token {
    let token = Token::bearer(Secret::new("made-up-token")).unwrap();
    token.with_header(BRAND_HEADER, "BRAND1").unwrap()
}

fn config() -> Config {
    let at = |url| Endpoint::parse(url).unwrap();
    let token_url = at("https://bss.example/rest-api-auth/oauth/token");
    let (secret, brand) = (Secret::new("demo-secret"), BrandKey::new("BRAND1").unwrap());
    let api = at("https://bss.example/rest-api-core");
    Config::new(token_url, api, "id", secret, brand)
}

async fn checked(status: u16, api: &str) -> (Result<(), Error>, ScriptedTransport, ScriptedSource) {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::from_u16(status).unwrap(), "{}");
    let source = ScriptedSource::new(Origins::parse(api).unwrap());
    source.issue(token());
    let rator = Rator::new(config(), transport.clone()).unwrap();
    let outcome = rator.check_brand(&source, "api/brands/1").await;
    (outcome, transport, source)
}

#[tokio::test]
async fn a_right_brand_is_right() {
    let (outcome, transport, _) = checked(200, "https://bss.example").await;
    outcome.unwrap();
    let sent = &transport.requests()[0];
    assert_eq!(
        sent.request().uri(),
        "https://bss.example/rest-api-core/api/brands/1"
    );
    assert!(sent.header_has("authorization", "Bearer made-up-token"));
    assert!(sent.header_has("x-rator-brand-key", "BRAND1"));
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    use ErrorKind::{Configuration, Unavailable};
    for (status, kind, word) in [
        (404, Configuration, "brand"),
        (403, Configuration, "may not"),
        (400, Configuration, "a proxy removes"),
        (302, Configuration, "a proxy removes"),
        (429, Unavailable, "a proxy removes"),
        (503, Unavailable, "a proxy removes"),
    ] {
        let (outcome, _, source) = checked(status, "https://bss.example").await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        assert!(error.to_string().contains(word), "{status}: {error}");
        assert_eq!(source.rejections(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_token_for_another_api_is_not_sent() {
    let (outcome, transport, _) = checked(200, "https://other.example").await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(transport.calls(), 0);
}

#[tokio::test]
async fn a_token_that_ended_is_replaced_before_the_brand_is_blamed() {
    for (status, kind) in [(200, None), (401, Some(ErrorKind::Unavailable))] {
        let transport = ScriptedTransport::new();
        let granted = r#"{"access_token":"made-up","token_type":"bearer"}"#;
        transport.json(StatusCode::OK, granted);
        transport.json(StatusCode::UNAUTHORIZED, "{}");
        transport.json(StatusCode::OK, granted);
        transport.json(StatusCode::from_u16(status).unwrap(), "{}");
        let rator = Rator::new(config(), transport.clone()).unwrap();
        let user = User::new("alice".into(), "demo-pw".into()).unwrap();
        let source = rator.password(user).build();
        let outcome = rator.check_brand(&source, "api/brands/1").await;
        assert_eq!(outcome.err().map(|error| error.kind()), kind);
        assert_eq!(transport.calls(), 4);
    }
}
