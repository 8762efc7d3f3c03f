//! The test vectors that every parser of these providers has to pass, through public interfaces alone.

mod callbacks;
mod dates;
mod logins;

use std::{sync::Arc, time::Duration};

use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, TokenSet};
use auth_oauth2::{Basic, Dialect, Endpoint, MissingRefresh, RefreshToken, TokenClient};
use auth_testkit::{ManualClock, ScriptedTransport};
use http::StatusCode;

const TEN_YEARS: Duration = auth_core::MAX_LIFETIME;

/// Refreshes against one scripted answer, by the standard.
async fn refreshed(transport: &ScriptedTransport, dialect: Dialect) -> Result<TokenSet, Error> {
    let endpoint = Endpoint::parse("https://login.example/token").unwrap();
    let basic = Basic::raw("demo", &Secret::new("made-up-secret")).unwrap();
    let client = TokenClient::new(endpoint, basic, transport.clone(), dialect);
    let mut ctx = Exchange::new(Arc::new(ManualClock::new()));
    ctx.previous = Some(TokenSet::login(Secret::new("rt-made-up-1")));
    RefreshToken::new(client).exchange(&ctx).await
}

async fn reply(body: &str) -> Result<TokenSet, Error> {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, body);
    refreshed(&transport, Dialect::default()).await
}

fn refresh(set: &TokenSet) -> Option<&str> {
    set.refresh().map(Secret::expose)
}

#[tokio::test]
async fn a_refresh_token_that_is_missing_is_kept_or_forgotten() {
    for body in [
        r#"{"access_token":"at-2"}"#,
        r#"{"access_token":"at-2","refresh_token":null}"#,
        r#"{"access_token":"at-2","refresh_token":""}"#,
    ] {
        let set = reply(body).await.unwrap();
        assert_eq!(refresh(&set), Some("rt-made-up-1"), "{body}");
        let transport = ScriptedTransport::new();
        transport.json(StatusCode::OK, body);
        let mut dialect = Dialect::default();
        dialect.missing_refresh = MissingRefresh::Forget;
        let set = refreshed(&transport, dialect).await.unwrap();
        assert_eq!(refresh(&set), None, "{body}");
    }
    let set = reply(r#"{"access_token":"at-2","refresh_token":"rt-2"}"#).await;
    assert_eq!(refresh(&set.unwrap()), Some("rt-2"));
}

#[tokio::test]
async fn every_encoding_of_a_lifetime_has_one_result() {
    let seconds = |number| Some(Duration::from_secs(number));
    for (member, expected) in [
        (r#""expires_in":0"#, seconds(0)),
        (r#""expires_in":1"#, seconds(1)),
        (r#""expires_in":43199"#, seconds(43_199)),
        (r#""expires_in":"3600""#, seconds(3600)),
        (r#""expires_in":" 3600 ""#, seconds(3600)),
        (r#""expires_in":3600.9"#, seconds(3600)),
        (r#""expires_in":36e2"#, seconds(3600)),
        (r#""expires_in":-1"#, seconds(0)),
        (r#""expires_in":1099511627776"#, Some(TEN_YEARS)),
        (r#""expires_in":9223372036854775808"#, Some(TEN_YEARS)),
        (r#""expires_in":18446744073709551616"#, Some(TEN_YEARS)),
        (r#""expires_in":1e308"#, Some(TEN_YEARS)),
        (r#""expires_in":"NaN""#, None),
        (r#""expires_in":"inf""#, None),
        (r#""expires_in":"soon""#, None),
        (r#""expires_in":"""#, None),
        (r#""expires_in":null"#, None),
        (r#""expires_in":true"#, None),
        (r#""expires_in":[3600]"#, None),
        (r#""expires_in":{}"#, None),
        (r#""other":1"#, None),
    ] {
        let set = reply(&format!("{{\"access_token\":\"at-2\",{member}}}")).await;
        let set = set.unwrap_or_else(|error| panic!("{member}: {error}"));
        let lifetime = set.token().unwrap().lifetime();
        assert_eq!(lifetime.map(|life| life.length()), expected, "{member}");
    }
}

#[tokio::test]
async fn only_bearer_tokens_are_used() {
    for (member, good) in [
        (r#""token_type":"bearer""#, true),
        (r#""token_type":"Bearer""#, true),
        (r#""token_type":"BEARER""#, true),
        (r#""token_type":null"#, true),
        (r#""other":1"#, true),
        (r#""token_type":"mac""#, false),
        (r#""token_type":"DPoP""#, false),
        (r#""token_type":"N_A""#, false),
        (r#""token_type":"""#, false),
        (r#""token_type":1"#, false),
        (r#""token_type":["bearer"]"#, false),
    ] {
        let outcome = reply(&format!("{{\"access_token\":\"at-2\",{member}}}")).await;
        assert_eq!(outcome.is_ok(), good, "{member}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Protocol, "{member}");
        }
    }
}

#[tokio::test]
async fn pages_and_broken_bodies_are_typed_and_never_quoted() {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    let html = "<html><body>planted: POST /token?refresh_token=rt-made-up-1</body></html>";
    for (status, content_type, body, kind) in [
        (200, "text/html", html, Protocol),
        (401, "text/html", html, Configuration),
        (404, "text/html", html, Configuration),
        (503, "text/html", html, Unavailable),
        (502, "text/html", html, Unavailable),
        (200, "text/plain", "planted", Protocol),
        (
            200,
            "application/xml",
            "<oauth><access_token>planted</access_token></oauth>",
            Protocol,
        ),
        (200, "application/json", "", Protocol),
        (
            200,
            "application/json",
            r#"{"access_token":"planted","#,
            Protocol,
        ),
        (
            200,
            "application/json",
            r#"{"access_token":"planted"} x"#,
            Protocol,
        ),
        (200, "application/json", r#"["planted"]"#, Protocol),
        (200, "application/json", r#"{"access_token":""}"#, Protocol),
        (
            200,
            "application/json",
            r#"{"access_token":null}"#,
            Protocol,
        ),
        (
            200,
            "application/json",
            r#"{"refresh_token":"planted"}"#,
            Protocol,
        ),
        (204, "application/json", "", Protocol),
        (400, "application/json", "", Configuration),
        (429, "application/json", r#"{"planted":1}"#, Unavailable),
    ] {
        let transport = ScriptedTransport::new();
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", content_type)
            .body(bytes::Bytes::from_static(body.as_bytes()));
        transport.answers(answer.unwrap());
        let error = refreshed(&transport, Dialect::default()).await.unwrap_err();
        let case = format!("{status} {content_type} {body}");
        assert_eq!(error.kind(), kind, "{case}: {error}");
        assert_eq!(
            error.status().map(|status| status.as_u16()),
            Some(status),
            "{case}"
        );
        assert_quotes_nothing(&error, &case);
    }
}

#[tokio::test]
async fn errors_come_as_text_as_object_and_as_a_reason_phrase() {
    use ErrorKind::{Configuration, LoginRequired};

    for (status, body, kind, code) in [
        (
            400,
            r#"{"error":"invalid_grant"}"#,
            LoginRequired,
            Some("invalid_grant"),
        ),
        (
            401,
            r#"{"error":"invalid_token"}"#,
            LoginRequired,
            Some("invalid_token"),
        ),
        (
            200,
            r#"{"error":"invalid_grant"}"#,
            LoginRequired,
            Some("invalid_grant"),
        ),
        (
            400,
            r#"{"error":"invalid_client"}"#,
            Configuration,
            Some("invalid_client"),
        ),
        (
            401,
            r#"{"error":{"message":"planted"}}"#,
            Configuration,
            None,
        ),
        (
            401,
            r#"{"error":{"code":"invalid_client","message":"planted"}}"#,
            Configuration,
            Some("invalid_client"),
        ),
        (
            401,
            r#"{"timestamp":1,"status":401,"error":"Unauthorized","path":"/planted"}"#,
            Configuration,
            None,
        ),
        (
            400,
            r#"{"error":"Bad planted Request"}"#,
            Configuration,
            None,
        ),
    ] {
        let transport = ScriptedTransport::new();
        transport.json(StatusCode::from_u16(status).unwrap(), body);
        let error = refreshed(&transport, Dialect::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{body}");
        assert_quotes_nothing(&error, body);
    }
}

#[tokio::test]
async fn a_description_that_holds_the_refresh_token_is_dropped() {
    for body in [
        r#"{"error":"invalid_grant","error_description":"Invalid refresh token: rt-made-up-1"}"#,
        r#"{"error":"invalid_token","error_description":"rt-made-up-1"}"#,
        r#"{"error":"rt-made-up-1"}"#,
    ] {
        let transport = ScriptedTransport::new();
        transport.json(StatusCode::BAD_REQUEST, body);
        let error = refreshed(&transport, Dialect::default()).await.unwrap_err();
        assert_quotes_nothing(&error, body);
    }
}

/// Checks the error and all its causes.
fn assert_quotes_nothing(error: &Error, case: &str) {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    let text: String = chain.map(|error| format!("{error} {error:?} ")).collect();
    assert!(!text.contains("planted"), "{case}: the body is quoted");
    assert!(!text.contains("rt-made-up"), "{case}: the token is quoted");
    assert!(
        !text.contains("made-up-secret"),
        "{case}: the secret is quoted"
    );
}
