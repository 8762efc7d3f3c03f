//! What is sent to a token endpoint.

use std::sync::Arc;

use auth_core::{Credentials, Error, ErrorKind, Grant, Secret, TokenSet};
use auth_oauth2::{
    Basic, ClientCredentials, Endpoint, FormBody, GrantRequest, PublicClient, QueryInsecure,
    RefreshToken, Step, TokenClient,
    legacy::{ResourceOwnerPassword, User},
};
use http::Method;

use super::{Desk, basic};

const GRANTED: &str = r#"{"access_token":"at-1","token_type":"bearer"}"#;

fn secret() -> Secret {
    Secret::new("made-up-secret")
}

/// Every way to show who the client is, and how many proofs each leaves in header, body and query.
fn clients() -> [(Arc<dyn Credentials>, [usize; 3]); 5] {
    [
        (
            Arc::new(Basic::encoded("demo", &secret()).unwrap()),
            [1, 0, 0],
        ),
        (Arc::new(Basic::raw("demo", &secret()).unwrap()), [1, 0, 0]),
        (
            Arc::new(FormBody::new("demo", secret()).unwrap()),
            [0, 1, 0],
        ),
        (
            Arc::new(QueryInsecure::new("demo", secret()).unwrap()),
            [0, 0, 1],
        ),
        (Arc::new(PublicClient::new("demo").unwrap()), [0, 0, 0]),
    ]
}

fn grants(client: &TokenClient) -> [Box<dyn Grant>; 3] {
    let user = User::new(Secret::new("name"), Secret::new("made-up-password")).unwrap();
    [
        Box::new(ClientCredentials::new(client.clone()).scope("read")),
        Box::new(RefreshToken::new(client.clone())),
        Box::new(ResourceOwnerPassword::new(client.clone(), user)),
    ]
}

fn held() -> Option<TokenSet> {
    Some(TokenSet::login(Secret::new("rt-made-up")))
}

#[test]
fn a01_a_token_endpoint_is_reached_over_tls_only() {
    for (address, good) in [
        ("https://login.example/token", true),
        ("http://127.0.0.1:8080/token", true),
        ("http://[::1]/token", true),
        ("http://login.example/token", false),
        ("http://localhost/token", false),
        ("http://127.0.0.1.example/token", false),
        ("HTTP://login.example/token", false),
    ] {
        assert_eq!(Endpoint::parse(address).is_ok(), good, "{address}");
        // Only the loud word lets everybody read along.
        assert!(Endpoint::dangerous_plain_http(address).is_ok(), "{address}");
    }
}

#[tokio::test]
async fn a02_a_request_has_one_client_authentication() {
    for (client, proofs) in clients() {
        let desk = Desk::new();
        let client = desk.client("https://login.example/token", client);
        for grant in grants(&client) {
            desk.transport.json(http::StatusCode::OK, GRANTED);
            grant.exchange(&desk.exchange(held())).await.unwrap();
            let request = desk.transport.requests().pop().unwrap();
            let named = |list: Vec<(String, Secret)>| {
                list.iter()
                    .filter(|(name, _)| name == "client_secret")
                    .count()
            };
            let header = request.request().headers().get_all("authorization");
            let seen = [
                header.iter().count(),
                named(request.form()),
                named(request.query()),
            ];
            assert_eq!(seen, proofs);
        }
    }
}

#[tokio::test]
async fn a03_id_and_secret_are_encoded_before_they_are_joined() {
    for (id, secret, joined) in [
        ("demo", "made-up", "ZGVtbzptYWRlLXVw"),
        // `a%3Ab:c%25d%2Be%20f%C3%A9`
        ("a:b", "c%d+e fé", "YSUzQWI6YyUyNWQlMkJlJTIwZiVDMyVBOQ=="),
    ] {
        let desk = Desk::new().answers(200, GRANTED);
        let basic = Basic::encoded(id, &Secret::from(secret)).unwrap();
        let client = desk.client("https://login.example/token", Arc::new(basic));
        let grant = ClientCredentials::new(client);
        grant.exchange(&desk.exchange(None)).await.unwrap();
        let request = &desk.transport.requests()[0];
        assert!(
            request.header_has("authorization", &format!("Basic {joined}")),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a04_no_address_holds_a_secret_but_by_the_loud_option() {
    for (client, [_, _, in_query]) in clients() {
        let desk = Desk::new();
        let client = desk.client("https://login.example/token", client);
        for grant in grants(&client) {
            desk.transport.json(http::StatusCode::OK, GRANTED);
            grant.exchange(&desk.exchange(held())).await.unwrap();
            let request = desk.transport.requests().pop().unwrap();
            assert_eq!(request.request().uri().query().is_some(), in_query == 1);
        }
    }
}

#[tokio::test]
async fn a05_requests_are_posts_and_keep_the_endpoints_own_query() {
    let desk = Desk::new().answers(200, GRANTED);
    let client = desk.client("https://login.example/token?tenant=1", Arc::new(basic()));
    let grant = ClientCredentials::new(client);
    grant.exchange(&desk.exchange(None)).await.unwrap();
    let request = &desk.transport.requests()[0];
    assert_eq!(request.request().method(), Method::POST);
    assert_eq!(
        request.request().uri(),
        "https://login.example/token?tenant=1"
    );
    assert!(request.header_has("content-type", "application/x-www-form-urlencoded"));
    let error = Endpoint::parse("https://login.example/token#x").unwrap_err();
    assert!(error.to_string().contains("fragment"));
}

#[tokio::test]
async fn a06_no_parameter_stands_twice_and_an_empty_one_is_absent() {
    let desk = Desk::new().answers(200, GRANTED);
    let twice = |name: &'static str| {
        GrantRequest::new(Step::ClientCredentials)
            .parameter(name, Secret::new("1"))
            .parameter("audience", Secret::new("2"))
    };
    for name in ["audience", "grant_type"] {
        let outcome = desk
            .usual()
            .exchange(twice(name), &desk.exchange(None))
            .await;
        assert_eq!(kind(outcome), Some(ErrorKind::Configuration), "{name}");
    }
    let client = desk.client("https://login.example/token?scope=a", Arc::new(basic()));
    let grant = ClientCredentials::new(client).scope("b");
    assert_eq!(
        kind(grant.exchange(&desk.exchange(None)).await),
        Some(ErrorKind::Configuration)
    );
    assert_eq!(desk.transport.calls(), 0);
    let grant = ClientCredentials::new(desk.usual()).scope("");
    grant.exchange(&desk.exchange(None)).await.unwrap();
    assert_eq!(desk.transport.requests()[0].form().len(), 1);
    // A reply that says a thing twice says nothing.
    let twice = r#"{"access_token":"at-1","access_token":"at-2"}"#;
    let desk = Desk::new().answers(200, twice);
    assert_eq!(kind(desk.refresh().await), Some(ErrorKind::Protocol));
}

fn kind<T>(outcome: Result<T, Error>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

#[tokio::test]
async fn b03_where_a_secret_stands_in_the_query_nothing_is_to_be_stored() {
    use auth_core::TokenSource;
    use auth_rator::{BrandKey, Config, Rator, RatorPreset};

    for (preset, in_query) in [
        (RatorPreset::default(), false),
        (RatorPreset::V17, false),
        (RatorPreset::AllQueryInsecure, true),
    ] {
        let desk = Desk::new().answers(200, GRANTED);
        let at = |address| Endpoint::parse(address).unwrap();
        let config = Config::new(
            at("https://login.example/token"),
            at("https://api.example"),
            "demo",
            secret(),
            BrandKey::new("BRAND1").unwrap(),
        );
        let rator = Rator::new(config.preset(preset), desk.transport.clone()).unwrap();
        let user = User::new(Secret::new("name"), Secret::new("made-up-password")).unwrap();
        rator.password(user).build().token().await.unwrap();
        let request = &desk.transport.requests()[0];
        let query = request.request().uri().query().unwrap_or_default();
        assert_eq!(query.contains("made-up-password"), in_query, "{preset:?}");
        assert_eq!(
            request.header_has("cache-control", "no-store"),
            in_query,
            "{preset:?}"
        );
        assert!(!request.request().headers().contains_key("referer"));
    }
}
