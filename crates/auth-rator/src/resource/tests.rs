use auth_core::{Origins, Secret, Token};
use auth_oauth2::Endpoint;
use auth_testkit::{ScriptedSource, ScriptedTransport};

use super::*;
use crate::{BrandKey, Config};

fn token() -> Token {
    let token = Token::bearer(Secret::new("made-up-token")).unwrap();
    token.with_header(BRAND_HEADER, "BRAND1").unwrap()
}

async fn checked(status: u16, api: &str) -> (Result<(), Error>, ScriptedTransport, ScriptedSource) {
    let at = |url| Endpoint::parse(url).unwrap();
    let token_url = at("https://bss.example/rest-api-auth/oauth/token");
    let (secret, brand) = (Secret::new("demo-secret"), BrandKey::new("BRAND1").unwrap());
    let config = Config::new(
        token_url,
        at("https://bss.example/rest-api-core"),
        "id",
        secret,
        brand,
    );
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::from_u16(status).unwrap(), "{}");
    let source = ScriptedSource::new(Origins::parse(api).unwrap());
    source.issue(token());
    let rator = Rator::new(config, transport.clone()).unwrap();
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
    for (status, kind, word, rejected) in [
        (404, Configuration, "brand", 0),
        (403, Configuration, "may not", 0),
        (400, Configuration, "a proxy removes", 0),
        (302, Configuration, "a proxy removes", 0),
        (401, Unavailable, "ended", 1),
        (429, Unavailable, "a proxy removes", 0),
        (503, Unavailable, "a proxy removes", 0),
    ] {
        let (outcome, _, source) = checked(status, "https://bss.example").await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        assert!(error.to_string().contains(word), "{status}: {error}");
        assert_eq!(source.rejections(), rejected, "{status}");
    }
}

#[tokio::test]
async fn a_token_for_another_api_is_not_sent() {
    let (outcome, transport, _) = checked(200, "https://other.example").await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(transport.calls(), 0);
}
