use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use auth_core::{Error, ErrorKind, Now, Secret};
use proptest::prelude::*;

use super::{request::s256, *};
use crate::Endpoint;

mod callbacks;
mod pending;

fn at(seconds: u64) -> Now {
    let since = Duration::from_secs(seconds);
    Now::new(SystemTime::UNIX_EPOCH + since, since)
}

fn request(page: &str) -> AuthorizationRequest {
    let page = Endpoint::parse(page).unwrap();
    AuthorizationRequest::new(page, "demo-client", "https://shop.example/cb").unwrap()
}

/// Starts a login and returns the address, its parameters and what is pending.
fn start(request: &AuthorizationRequest) -> (String, Vec<(String, String)>, PendingAuthorization) {
    let (address, pending) = request.start(at(0)).unwrap();
    let query = address.split_once('?').unwrap().1;
    let pairs = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    (address, pairs, pending)
}

fn pending() -> (PendingAuthorization, String) {
    let (_, _, pending) = start(&request("https://login.example/authorize"));
    let state = pending.state().expose().to_owned();
    (pending, state)
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(
        s256(&verifier),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn the_address_has_everything_once() {
    let request = request("https://login.example/authorize?tenant=1")
        .scope("read write")
        .parameter("x", "");
    let (address, pairs, mut pending) = start(&request);
    assert!(address.starts_with(
        "https://login.example/authorize?tenant=1&response_type=code&client_id=demo-client\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=read+write&state="
    ));
    let names: Vec<_> = pairs.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "tenant",
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method"
        ]
    );
    let value = |name: &str| pairs.iter().find(|(n, _)| n == name).unwrap().1.clone();
    let code = pending
        .callback(&format!("?code=c&state={}", value("state")), at(1))
        .unwrap();
    let verifier = code.verifier.as_ref().unwrap();
    assert_eq!(verifier.expose().len(), 43);
    assert_eq!(value("code_challenge"), s256(verifier));
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(code.redirect_uri.expose(), "https://shop.example/cb");
    assert_eq!(code.received_at(), at(1));
}

#[test]
fn a_provider_without_pkce_gets_state_alone() {
    let request = request("https://login.example/oauth.xhtml").dangerous_state_only();
    let (address, _, mut pending) = start(&request);
    let state = pending.state().expose().to_owned();
    assert_eq!(
        address,
        format!(
            "https://login.example/oauth.xhtml?client_id=demo-client\
             &redirect_uri=https%3A%2F%2Fshop.example%2Fcb&state={state}"
        )
    );
    let code = pending
        .callback(&format!("/cb?code=c&state={state}"), at(1))
        .unwrap();
    assert!(code.verifier.is_none());
}

#[test]
fn every_login_has_secrets_of_its_own() {
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let (mut pending, state) = pending();
        let code = pending
            .callback(&format!("?code=c&state={state}"), at(0))
            .unwrap();
        assert_eq!(state.len(), 43);
        assert!(seen.insert(state));
        assert!(seen.insert(code.verifier.unwrap().expose().to_owned()));
    }
}

#[test]
fn wrong_descriptions_are_refused() {
    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    for (id, redirect) in [
        ("", "https://shop.example/cb"),
        ("id", "/cb"),
        ("id", ""),
        ("id", "https://shop.example/cb#x"),
    ] {
        let error = AuthorizationRequest::new(page.clone(), id, redirect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    for repeated in ["state", "client_id", "tenant", "code_challenge"] {
        let request = request("https://login.example/authorize?tenant=1").parameter(repeated, "x");
        assert_eq!(
            request.start(at(0)).unwrap_err().kind(),
            ErrorKind::Configuration
        );
    }
}

#[test]
fn errors_say_who_must_act() {
    for (error, kind, code) in [
        (
            CallbackError::Malformed,
            ErrorKind::Protocol,
            "callback_malformed",
        ),
        (
            CallbackError::StateMismatch,
            ErrorKind::LoginRequired,
            "state_mismatch",
        ),
        (
            CallbackError::AccessDenied,
            ErrorKind::LoginRequired,
            "access_denied",
        ),
        (
            CallbackError::AuthorizationFailed("server_error".into()),
            ErrorKind::Unavailable,
            "server_error",
        ),
        (
            CallbackError::AuthorizationFailed("invalid_scope".into()),
            ErrorKind::Configuration,
            "invalid_scope",
        ),
        (
            CallbackError::AuthorizationFailed("login_required".into()),
            ErrorKind::LoginRequired,
            "login_required",
        ),
    ] {
        let error = Error::from(error);
        assert_eq!((error.kind(), error.code()), (kind, Some(code)));
    }
}

#[test]
fn debug_shows_neither_state_nor_code() {
    let (mut pending, state) = pending();
    let code = pending
        .callback(&format!("?code=planted&state={state}"), at(0))
        .unwrap();
    let logins = PendingAuthorizations::new();
    let text = format!("{pending:?} {code:?} {logins:?}");
    assert!(!text.contains(&state) && !text.contains("planted"));
    logins.insert("s", pending, at(0));
    assert!(!format!("{logins:?}").contains(&state));
}

proptest! {
    #[test]
    fn nothing_is_accepted_without_the_right_state(text in "[?&=#%+/:a-z0-9]{0,60}", bytes in any::<String>()) {
        let (mut pending, _) = pending();
        for address in [&text, &bytes, &format!("/cb?code=c&state={text}")] {
            prop_assert!(pending.callback(address, at(1)).is_err());
        }
        prop_assert!(!pending.is_answered());
    }
}
