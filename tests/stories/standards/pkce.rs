//! Proof keys, and what must not exist beside the login by code.

use std::{collections::HashSet, sync::Arc};

use auth_core::{Clock, Exchange, Grant, Secret};
use auth_oauth2::{
    AuthorizationCode, AuthorizationCodeGrant, AuthorizationRequest, Basic, CallbackError, Dialect,
    Endpoint, TokenClient,
};
use auth_reqwest::ReqwestTransport;
use auth_testkit::{ManualClock, OAuth2Emulator};

use super::{
    Desk,
    codes::{GRANTED, code, request, start, value},
    source,
};

/// Sends a code and returns the verifier that went with it.
async fn sent_verifier(desk: &Desk, code: AuthorizationCode) -> String {
    desk.transport.json(http::StatusCode::OK, GRANTED);
    let grant = AuthorizationCodeGrant::new(desk.usual(), code);
    grant.exchange(&desk.exchange(None)).await.unwrap();
    let form = desk.transport.requests().pop().unwrap().form();
    let verifier = form.into_iter().find(|(name, _)| name == "code_verifier");
    verifier.expect("a verifier was sent").1.expose().to_owned()
}

#[tokio::test]
async fn d01_a_verifier_is_long_plain_and_new_each_time() {
    let desk = Desk::new();
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let (pairs, mut pending) = start(&desk);
        let code = code(&pairs, &mut pending, &desk);
        let verifier = sent_verifier(&desk, code).await;
        assert!((43..=128).contains(&verifier.len()));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        assert!(verifier.bytes().all(plain));
        assert!(seen.insert(verifier), "it came twice");
    }
}

#[test]
fn d02_the_challenge_is_always_s256() {
    let (pairs, _pending) = start(&Desk::new());
    assert_eq!(value(&pairs, "code_challenge_method"), "S256");
    assert_eq!(value(&pairs, "code_challenge").len(), 43);
    assert!(!source("crates/auth-oauth2/src/authorize/request.rs").contains("\"plain\""));
}

#[tokio::test]
async fn d03_a_verifier_goes_with_the_code_of_its_own_login() {
    // This server computes the challenge of the verifier and compares it with that of the login.
    let clock = ManualClock::new();
    let server = OAuth2Emulator::start(Arc::new(clock.clone()))
        .await
        .unwrap();
    let page = Endpoint::parse(&server.authorize_url()).unwrap();
    let id = server.client_id();
    let request = AuthorizationRequest::new(page, &id, &server.redirect_uri()).unwrap();
    let (one, mut first) = request.start(clock.now()).unwrap();
    let (two, mut second) = request.start(clock.now()).unwrap();
    // The answers come in the other order, and crossed ones are no answers.
    let two = server.approve(&two).unwrap();
    let one = server.approve(&one).unwrap();
    assert!(first.callback(&two, clock.now()).is_err());
    let second = second.callback(&two, clock.now()).unwrap();
    let first = first.callback(&one, clock.now()).unwrap();
    for code in [first, second] {
        let basic = Basic::encoded(&id, &server.client_secret()).unwrap();
        let endpoint = Endpoint::parse(&server.token_url()).unwrap();
        let transport = ReqwestTransport::new().unwrap();
        let client = TokenClient::new(endpoint, basic, transport, Dialect::default());
        let ctx = Exchange::new(Arc::new(clock.clone()));
        AuthorizationCodeGrant::new(client, code)
            .exchange(&ctx)
            .await
            .unwrap();
    }
    assert_eq!(server.ledger().count("authorization_code"), 2);
    assert_eq!(server.ledger().deviations(), []);
}

#[test]
fn h02_state_and_pkce_are_both_always_on() {
    let (pairs, _pending) = start(&Desk::new());
    for name in ["state", "code_challenge", "code_challenge_method"] {
        assert!(!value(&pairs, name).is_empty());
    }
}

#[test]
fn h03_an_answer_for_one_server_is_no_answer_for_another() {
    let desk = Desk::new();
    let started = |page: &str| {
        let (address, pending) = request(page).start(desk.now()).unwrap();
        let address = url::Url::parse(&address).unwrap();
        (
            address.query_pairs().into_owned().collect::<Vec<_>>(),
            pending,
        )
    };
    let (honest, _waiting) = started("https://honest.example/authorize");
    let (_, mut evil) = started("https://evil.example/authorize");
    let callback = format!("/cb?code=x&state={}", value(&honest, "state"));
    let outcome = evil.callback(&callback, desk.now());
    assert_eq!(outcome.unwrap_err(), CallbackError::StateMismatch);
    // A stored login is named after the server, so that none is given to another.
    let config = |at: &str| auth_orgapi::Config::new(at, "demo", Secret::new("made-up")).unwrap();
    let keys = ["a.example", "b.example"].map(|at| config(at).store_key("account"));
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn h04_pkce_is_turned_off_only_by_a_loud_word() {
    let desk = Desk::new();
    let request = request("https://login.example/authorize").dangerous_state_only();
    let (address, _pending) = request.start(desk.now()).unwrap();
    assert!(!address.contains("code_challenge") && address.contains("state="));
    let sources = source("crates/auth-oauth2/src/authorize/request.rs");
    let switches = sources
        .lines()
        .filter(|line| line.contains("state_only = true"));
    assert_eq!(switches.count(), 1, "there is another way to turn it off");
}

#[test]
fn h05_there_is_no_implicit_grant() {
    let desk = Desk::new();
    let (pairs, mut pending) = start(&desk);
    assert_eq!(value(&pairs, "response_type"), "code");
    let state = value(&pairs, "state");
    let fragment = format!("/cb#access_token=x&code=x&state={state}");
    let outcome = pending.callback(&fragment, desk.now());
    assert_eq!(outcome.unwrap_err(), CallbackError::StateMismatch);
    let token = format!("/cb?access_token=x&state={state}");
    assert_eq!(
        pending.callback(&token, desk.now()).unwrap_err(),
        CallbackError::Malformed
    );
}
