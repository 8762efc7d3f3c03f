//! Logins by code, and what keeps foreign codes out.

use std::collections::HashSet;

use auth_core::Grant;
use auth_oauth2::{
    AuthorizationCode, AuthorizationCodeGrant, AuthorizationRequest, CallbackError, Endpoint,
    PendingAuthorization, PendingAuthorizations,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Desk, source};

pub(super) const GRANTED: &str =
    r#"{"access_token":"at-1","refresh_token":"rt-1","token_type":"bearer"}"#;

pub(super) fn request(page: &str) -> AuthorizationRequest {
    let page = Endpoint::parse(page).unwrap();
    AuthorizationRequest::new(page, "demo", "https://shop.example/cb").unwrap()
}

/// Starts a login and returns what the address of it says beside what waits for the answer.
pub(super) fn start(desk: &Desk) -> (Vec<(String, String)>, PendingAuthorization) {
    let (address, pending) = request("https://login.example/authorize")
        .start(desk.now())
        .unwrap();
    let address = url::Url::parse(&address).unwrap();
    (address.query_pairs().into_owned().collect(), pending)
}

pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    let found = pairs.iter().find(|(own, _)| own == name);
    &found.unwrap_or_else(|| panic!("there is no {name}")).1
}

pub(super) fn code(
    pairs: &[(String, String)],
    pending: &mut PendingAuthorization,
    desk: &Desk,
) -> AuthorizationCode {
    let callback = format!("/cb?code=made-up&state={}", value(pairs, "state"));
    pending.callback(&callback, desk.now()).unwrap()
}

#[test]
fn a07_a_redirect_uri_is_absolute_and_without_a_fragment() {
    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    for (address, good) in [
        ("https://shop.example/cb", true),
        ("https://shop.example/cb?x=1", true),
        ("com.example.app:/cb", true),
        ("https://shop.example/cb#x", false),
        ("/cb", false),
        ("shop.example/cb", false),
        ("", false),
    ] {
        let request = AuthorizationRequest::new(page.clone(), "demo", address);
        assert_eq!(request.is_ok(), good, "{address}");
    }
}

#[tokio::test]
async fn a09_a_code_is_sent_once_whatever_becomes_of_it() {
    for (status, body) in [
        (200, GRANTED),
        (400, r#"{"error":"invalid_grant"}"#),
        (503, "{}"),
        (200, "no token reply"),
    ] {
        let desk = Desk::new().answers(status, body);
        let (pairs, mut pending) = start(&desk);
        let code = code(&pairs, &mut pending, &desk);
        let grant = AuthorizationCodeGrant::new(desk.usual(), code);
        for _ in 0..3 {
            let _ = grant.exchange(&desk.exchange(None)).await;
        }
        let requests = desk.transport.requests();
        let with_code = requests
            .iter()
            .filter(|request| request.form_has("code", "made-up"));
        assert_eq!(with_code.count(), 1, "{status} {body}");
    }
}

#[test]
fn a16_state_and_verifier_cannot_be_guessed() {
    let desk = Desk::new();
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let (pairs, _pending) = start(&desk);
        let state = value(&pairs, "state").to_owned();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(&state).unwrap().len(),
            32,
            "256 bits"
        );
        assert!(seen.insert(state));
        assert!(seen.insert(value(&pairs, "code_challenge").to_owned()));
    }
    // The source of randomness is the system's, and nobody can put another in its place.
    let sources = source("crates/auth-oauth2/src/authorize/request.rs");
    assert!(sources.contains("getrandom::fill"));
}

#[tokio::test]
async fn a17_a_callback_counts_only_with_its_own_state() {
    let desk = Desk::new();
    let (pairs, mut pending) = start(&desk);
    for forged in [
        "/cb?code=x",
        "/cb?code=x&state=",
        "/cb?code=x&state=other",
        "code=x",
        "/cb?error=access_denied",
    ] {
        let outcome = pending.callback(forged, desk.now());
        assert_eq!(
            outcome.unwrap_err(),
            CallbackError::StateMismatch,
            "{forged}"
        );
    }
    let callback = format!("/cb?code=x&state={}", value(&pairs, "state"));
    assert!(pending.callback(&callback, desk.now()).is_ok());
    let again = pending.callback(&callback, desk.now());
    assert_eq!(again.unwrap_err(), CallbackError::AlreadyAnswered);
    assert_eq!(desk.transport.calls(), 0, "a token endpoint was asked");
}

#[test]
fn a18_no_bytes_from_outside_do_harm() {
    let desk = Desk::new();
    let (_, mut pending) = start(&desk);
    let mut number = 0x2545_f491_4f6c_dd1d_u64;
    for length in 0..2000 {
        let junk: String = (0..length % 97)
            .map(|_| {
                number ^= number << 13;
                number ^= number >> 7;
                number ^= number << 17;
                let alphabet = [
                    '?', '&', '=', '%', '#', '/', ':', 's', 'c', '\0', 'é', '\u{202e}', '+', '4',
                ];
                alphabet[usize::try_from(number % 14).unwrap()]
            })
            .collect();
        let error = pending.callback(&junk, desk.now()).unwrap_err();
        assert!(matches!(
            error,
            CallbackError::StateMismatch | CallbackError::Malformed
        ));
    }
    let endless = format!("/cb?code={}", "a".repeat(1 << 20));
    assert_eq!(
        pending.callback(&endless, desk.now()).unwrap_err(),
        CallbackError::Malformed
    );
    assert!(!pending.is_answered(), "junk ended the login");
}

#[test]
fn c05_a_state_belongs_to_the_session_in_which_it_was_made() {
    let desk = Desk::new();
    let logins = PendingAuthorizations::new();
    let (pairs, pending) = start(&desk);
    logins.insert("alice", pending, desk.now());
    let callback = format!("/cb?code=x&state={}", value(&pairs, "state"));
    for stranger in ["mallory", "", "Alice", "alice "] {
        let outcome = logins.callback(stranger, &callback, desk.now());
        assert_eq!(
            outcome.unwrap_err(),
            CallbackError::StateMismatch,
            "{stranger}"
        );
    }
    assert!(logins.callback("alice", &callback, desk.now()).is_ok());
    assert!(logins.callback("alice", &callback, desk.now()).is_err());
    // A login that takes too long is over, and the collection does not grow.
    let (pairs, pending) = start(&desk);
    logins.insert("alice", pending, desk.now());
    desk.pass(601);
    let callback = format!("/cb?code=x&state={}", value(&pairs, "state"));
    assert_eq!(
        logins.callback("alice", &callback, desk.now()).unwrap_err(),
        CallbackError::Expired
    );
    for number in 0..2000 {
        logins.insert(&format!("session {number}"), start(&desk).1, desk.now());
    }
    assert_eq!(logins.len(), 1024);
}
