//! Wrong configuration is refused before anything is sent, by an error that says what to do and shows no secret.

mod providers;
mod written;

use std::fmt::Debug;

use auth_core::{Cached, Error, ErrorKind, Origin, Origins, Secret, Token};
use auth_oauth2::{
    AuthorizationRequest, Basic, Endpoint, FormBody, GrantRequest, PublicClient, QueryInsecure,
    Step, TokenClient, legacy::User,
};
use auth_testkit::{ManualClock, ScriptedGrant, ScriptedTransport};

/// Planted wherever a secret can stand.
const PLANTED: &str = "planted-secret";

/// Checks that an input is refused by `kind` in words that hold all of `words`.
#[track_caller]
fn refused<T: Debug>(outcome: Result<T, Error>, kind: ErrorKind, words: &[&str]) {
    let error = outcome.expect_err("it is wrong");
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
    let whole = format!("{text} {error:?} {error:#?}");
    assert!(!whole.contains("planted"), "a secret is shown");
    assert!(!whole.contains('\u{1b}'), "a terminal would obey this");
}

#[track_caller]
fn configuration<T: Debug>(outcome: Result<T, Error>, words: &[&str]) {
    refused(outcome, ErrorKind::Configuration, words);
}

fn secret(text: &str) -> Secret {
    Secret::from(text)
}

/// Addresses that nothing may be sent to, and the words that say why.
const ADDRESSES: [(&str, &[&str]); 14] = [
    ("http://api.example/token", &["plain http", "https"]),
    (
        "http://localhost/token",
        &["plain http", "loopback address"],
    ),
    ("http://127.0.0.1.example/", &["plain http"]),
    ("https://planted:planted@api.example/", &["user-info"]),
    ("https://planted@api.example/", &["user-info"]),
    ("https://bücher.example/", &["cannot be read"]),
    ("https://api.example./", &["ends with a dot"]),
    ("https:///token", &["cannot be read"]),
    ("https://api.example:99999/", &["port"]),
    ("https://api.example:/x", &["port"]),
    ("ftp://api.example/", &["neither https nor http"]),
    ("api.example/token", &["cannot be read"]),
    ("/token?planted", &["no scheme"]),
    ("", &["cannot be read"]),
];

#[test]
fn addresses_that_secrets_must_not_go_to() {
    for (address, words) in ADDRESSES {
        let words: Vec<_> = words
            .iter()
            .chain(&["the address cannot be"])
            .copied()
            .collect();
        configuration(Endpoint::parse(address), &words);
        configuration(Origin::parse(address), &words);
        configuration(Origins::parse(address), &words);
    }
    configuration(
        Endpoint::parse("https://api.example/#planted"),
        &["fragment"],
    );
    configuration(
        Endpoint::dangerous_plain_http("http://a.example/#planted"),
        &["fragment"],
    );
    let root = Endpoint::parse("https://api.example/v1?key=planted").unwrap();
    for path in [
        "../admin",
        "a/./b",
        "a?planted",
        "a#planted",
        "//planted@x",
        "a\\b",
    ] {
        configuration(root.join(path), &["to append"]);
    }
}

#[test]
fn clients_without_an_id_or_a_secret() {
    let (id, none) = (&["client id", "empty"][..], &["client secret", "empty"][..]);
    configuration(Basic::raw("", &secret(PLANTED)), id);
    configuration(Basic::encoded("", &secret(PLANTED)), id);
    configuration(FormBody::new("", secret(PLANTED)), id);
    configuration(QueryInsecure::new("", secret(PLANTED)), id);
    configuration(PublicClient::new(""), id);
    configuration(Basic::raw("demo", &secret("")), none);
    configuration(FormBody::new("demo", secret("")), &["PublicClient"]);
    configuration(QueryInsecure::new("demo", secret("")), none);
    // What the header cannot carry is refused when it is configured and not when it is sent.
    configuration(
        Basic::raw("a:b", &secret(PLANTED)),
        &["colon", "use the encoded form"],
    );
    configuration(
        Basic::raw("demo", &secret("planted\r\nx: y")),
        &["control character"],
    );
    configuration(
        User::new(secret(""), secret(PLANTED)),
        &["user name", "empty"],
    );
    configuration(
        User::new(secret("demo"), secret("")),
        &["password", "empty"],
    );
}

#[test]
fn tokens_that_no_header_can_carry() {
    for token in [
        "planted\r\nx: y",
        "planted token",
        "plänted",
        "",
        "=",
        "planted\u{1b}[31m",
    ] {
        let words = &["bearer token", "RFC 6750"];
        refused(Token::bearer(secret(token)), ErrorKind::Protocol, words);
    }
    let name = http::HeaderName::from_static("x-key");
    for value in ["planted\n", "", "plänted"] {
        let token = Token::bearer(secret("made-up")).unwrap();
        let outcome = token.with_header(name.clone(), value);
        refused(outcome, ErrorKind::Protocol, &["x-key", "plain ASCII"]);
    }
}

#[test]
fn redirect_addresses_that_no_browser_may_come_back_to() {
    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    for address in [
        "/cb",
        "shop.example/cb",
        "https://shop.example/cb#planted",
        "",
        "https://",
    ] {
        let request = AuthorizationRequest::new(page.clone(), "demo", address);
        configuration(request, &["redirect URI", "absolute", "fragment"]);
    }
    let request = AuthorizationRequest::new(page.clone(), "", "https://shop.example/cb");
    configuration(request, &["client id", "empty"]);
    let own = || auth_octorate::Config::new("demo", secret(PLANTED));
    for (address, words) in [
        ("http://localhost/cb", &["https://"][..]),
        (
            "https://shop.example/cb?x=planted",
            &["query", "allow_query_in_redirect_uri"],
        ),
        ("https://shop.example/cb#planted", &["fragment"]),
        ("https://planted@shop.example/cb", &["user-info"]),
        ("javascript:planted", &["https://"]),
    ] {
        configuration(own().redirect_uri(address), words);
    }
}

#[tokio::test]
async fn parameters_that_stand_there_twice() {
    let page = Endpoint::parse("https://login.example/authorize?state=planted").unwrap();
    let request = AuthorizationRequest::new(page, "demo", "https://shop.example/cb").unwrap();
    let now = auth_core::Clock::now(&ManualClock::new());
    configuration(request.start(now), &["twice", "RFC 6749"]);
    let transport = ScriptedTransport::new();
    let endpoint = Endpoint::parse("https://login.example/token?client_id=planted").unwrap();
    let client = FormBody::new("demo", secret(PLANTED)).unwrap();
    let dialect = auth_oauth2::Dialect::default();
    let client = TokenClient::new(endpoint, client, transport.clone(), dialect);
    let ctx = auth_core::Exchange::new(std::sync::Arc::new(ManualClock::new()));
    let outcome = client
        .exchange(GrantRequest::new(Step::ClientCredentials), &ctx)
        .await;
    configuration(outcome, &["client_id", "twice", "RFC 6749"]);
    let twice = GrantRequest::new(Step::Other)
        .parameter("scope", secret("planted"))
        .parameter("scope", secret("planted"));
    configuration(client.exchange(twice, &ctx).await, &["scope", "twice"]);
    assert_eq!(transport.calls(), 0, "something was sent");
}

#[tokio::test]
async fn a_token_is_asked_to_go_to_a_foreign_server() {
    use tower::{Layer, ServiceExt};

    for (address, words) in [
        (
            "https://other.example/?key=planted",
            &["may not go to that server"][..],
        ),
        (
            "https://api.example.evil.example/",
            &["may not go to that server"],
        ),
        ("https://api.example:8443/", &["may not go to that server"]),
        (
            "https://planted:x@api.example/",
            &["may not go to that server"],
        ),
        (
            "http://api.example/?planted",
            &["may not go to that server"],
        ),
        ("/things?planted", &["names no server"]),
    ] {
        let origins = Origins::parse("https://api.example").unwrap();
        let grant = ScriptedGrant::new();
        let source = Cached::builder(grant.clone(), origins).build();
        let service = auth_tower::AuthLayer::new(source).layer(tower::service_fn(
            async |_: http::Request<String>| -> Result<http::Response<()>, auth_tower::BoxError> {
                panic!("it was sent")
            },
        ));
        let request = http::Request::get(address).body(String::new()).unwrap();
        let error = service.oneshot(request).await.unwrap_err();
        let error = auth_tower::AuthError::find(&*error).expect("it is ours");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        for word in words {
            assert!(
                error.to_string().contains(word),
                "{word} is not in: {error}"
            );
        }
        let whole = format!("{error} {error:?} {}", error.cause());
        assert!(!whole.contains("planted"), "the address is shown");
        assert_eq!(grant.calls(), 0, "a token was obtained for nobody");
    }
}
