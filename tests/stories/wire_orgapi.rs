//! The Organization API's token requests, byte for byte.

use std::{collections::BTreeMap, str, sync::Arc, time::Duration};

use auth_core::{Secret, TokenSource};
use auth_orgapi::{ClientAuth, Config, OrgApi, RefreshMode};
use auth_testkit::{ManualClock, OrgApiEmulator, Request};

const BASIC: &str = "Basic b2EyLWNsaWVudC1pZF9kZW1vOmRlbW8tc2VjcmV0";

/// Lets a client obtain a token and renew it, and returns what it sent beside the refresh token it was given.
async fn requests(change: impl Fn(Config) -> Config) -> (Vec<Request>, String) {
    let clock = ManualClock::new();
    let emulator = OrgApiEmulator::start(Arc::new(clock.clone()))
        .await
        .unwrap();
    emulator.client("oa2-client-id_demo", "demo-secret");
    let secret = Secret::new("demo-secret");
    let config = Config::new(&emulator.base_url(), "oa2-client-id_demo", secret).unwrap();
    let orgapi = OrgApi::connect(change(config)).unwrap();
    let builder = orgapi.client_credentials();
    let source = builder.clock(clock.clone()).build();
    source.token().await.unwrap();
    clock.advance(Duration::from_secs(86_390));
    source.token().await.unwrap();
    assert_eq!(emulator.ledger().deviations(), []);
    let refresh = emulator.refresh_tokens()[0].expose().to_owned();
    let entries = emulator.ledger().entries();
    (
        entries.iter().map(|entry| (**entry).clone()).collect(),
        refresh,
    )
}

/// Checks the request line, the set of headers and the body, as they came over the socket.
fn check(request: &Request, line: &str, headers: &[(&str, &str)]) {
    let raw = str::from_utf8(request.raw()).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some(line));
    assert_eq!(body, "");
    let sent: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let set: BTreeMap<_, _> = sent.iter().cloned().collect();
    assert_eq!(set.len(), sent.len(), "a header stands there twice");
    let host = request.header("host").unwrap_or_default();
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    let wanted = [
        ("accept", "application/json"),
        ("content-length", "0"),
        ("host", host),
    ];
    let wanted: BTreeMap<_, _> = wanted
        .iter()
        .chain(headers)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(set, wanted);
}

#[tokio::test]
async fn the_documented_requests_are_sent() {
    let (requests, refresh) = requests(|config| config).await;
    assert_eq!(requests.len(), 2);
    check(
        &requests[0],
        "POST /oauth2/token?grant_type=client_credentials HTTP/1.1",
        &[("authorization", BASIC)],
    );
    check(
        &requests[1],
        &format!("POST /oauth2/token?grant_type=refresh_token&refresh_token={refresh} HTTP/1.1"),
        &[("authorization", BASIC)],
    );
}

#[tokio::test]
async fn encoding_changes_nothing_where_there_is_nothing_to_encode() {
    let (requests, _) = requests(|config| config.client_auth(ClientAuth::BasicEncoded)).await;
    for request in &requests {
        assert_eq!(request.header("authorization"), Some(BASIC));
    }
}

#[tokio::test]
async fn without_refresh_tokens_the_first_request_is_sent_again() {
    let (requests, _) = requests(|config| config.refresh_mode(RefreshMode::Never)).await;
    assert_eq!(requests.len(), 2);
    for request in &requests {
        check(
            request,
            "POST /oauth2/token?grant_type=client_credentials HTTP/1.1",
            &[("authorization", BASIC)],
        );
    }
}

#[tokio::test]
async fn the_query_names_the_client_where_that_is_asked_for() {
    let (requests, refresh) =
        requests(|config| config.client_auth(ClientAuth::QueryInsecure)).await;
    let client = "client_id=oa2-client-id_demo&client_secret=demo-secret";
    check(
        &requests[0],
        &format!("POST /oauth2/token?grant_type=client_credentials&{client} HTTP/1.1"),
        &[],
    );
    check(
        &requests[1],
        &format!(
            "POST /oauth2/token?grant_type=refresh_token&refresh_token={refresh}&{client} HTTP/1.1"
        ),
        &[],
    );
}
