use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use auth_core::{Error, ErrorKind, Now, Secret};
use proptest::prelude::*;

use super::{request::s256, *};
use crate::Endpoint;

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
fn callbacks_are_read_by_their_state_first() {
    use CallbackError::{AccessDenied, AuthorizationFailed, Malformed, StateMismatch};

    // `$` stands for the right state; the last column says whether the login is over.
    for (address, expected, over) in [
        ("https://shop.example/cb?code=c&state=$", Ok(()), true),
        ("/cb?code=c&state=$", Ok(()), true),
        ("?state=$&code=c", Ok(()), true),
        ("code=c&state=$", Ok(()), true),
        ("/cb?x=1?code=c&state=$", Ok(()), true),
        ("/cb?code=c&state=$#code=other", Ok(()), true),
        ("/cb?code=c&state=$&session_state=1&iss=x", Ok(()), true),
        ("x=1?code=c&state=$", Ok(()), true),
        ("com.example.app:/cb?code=c&state=$", Ok(()), true),
        ("https://shop.example/a=b/cb?code=c&state=$", Ok(()), true),
        ("/a=b/cb?code=c&state=$", Ok(()), true),
        // Google and RFC 9207 send addresses that nobody encoded.
        (
            "state=$&code=c&scope=https://www.example/auth/x",
            Ok(()),
            true,
        ),
        ("iss=https://login.example&code=c&state=$", Ok(()), true),
        (
            "?iss=https://login.example?x=1&code=c&state=$",
            Ok(()),
            true,
        ),
        (
            "/cb?x=1?error=access_denied&state=$",
            Err(AccessDenied),
            true,
        ),
        (
            "/cb?state=$&x=1?error_description=no?error=access_denied",
            Err(AccessDenied),
            true,
        ),
        ("/cb?code=c", Err(StateMismatch), false),
        ("/cb?code=c&state=", Err(StateMismatch), false),
        ("/cb?code=c&state=wrong", Err(StateMismatch), false),
        ("/cb?code=c&state=$x", Err(StateMismatch), false),
        ("/cb?code=c&State=$", Err(StateMismatch), false),
        ("/cb#code=c&state=$", Err(StateMismatch), false),
        ("/state=$&code=c", Err(StateMismatch), false),
        ("/cb?error=access_denied", Err(StateMismatch), false),
        (
            "/cb?error=access_denied&state=wrong",
            Err(StateMismatch),
            false,
        ),
        ("", Err(StateMismatch), false),
        ("/cb?code=c&code=c&state=$", Err(Malformed), false),
        ("/cb?code=c&state=$&state=$", Err(Malformed), false),
        ("/cb?state=$?code=c&state=$", Err(Malformed), false),
        ("/cb?error=a&error=b&state=$", Err(Malformed), false),
        ("/cb?state=$", Err(Malformed), false),
        ("/cb?code=&state=$", Err(Malformed), false),
        ("/cb?error=access_denied&state=$", Err(AccessDenied), true),
        (
            "/cb?error=access_denied&code=c&state=$",
            Err(AccessDenied),
            true,
        ),
        (
            "/cb?error=server_error&state=$",
            Err(AuthorizationFailed("server_error".into())),
            true,
        ),
        (
            "/cb?error=%1b%5b31mred&state=$",
            Err(AuthorizationFailed("unknown".into())),
            true,
        ),
        (
            "/cb?error=Some+words&state=$",
            Err(AuthorizationFailed("unknown".into())),
            true,
        ),
    ] {
        let (mut pending, state) = pending();
        let outcome = pending.callback(&address.replace('$', &state), at(1));
        assert_eq!(
            outcome.map(|code| assert_eq!(code.code.expose(), "c")),
            expected,
            "{address}"
        );
        assert_eq!(pending.is_answered(), over, "{address}");
        let right = pending.callback(&format!("?code=c&state={state}"), at(2));
        match right {
            Ok(_) => assert!(!over, "{address}"),
            Err(error) => assert!(over && error == CallbackError::AlreadyAnswered, "{address}"),
        }
    }
}

#[test]
fn a_code_may_hold_a_question_mark() {
    for address in [
        "/cb?code=c?1/2?=&state=$",
        "/cb?x=1?code=c?1/2?=&state=$",
        "state=$&code=c?1/2?=",
        "?code=c?1/2?=&state=$",
    ] {
        let (mut pending, state) = pending();
        let code = pending.callback(&address.replace('$', &state), at(1));
        assert_eq!(code.unwrap().code.expose(), "c?1/2?=", "{address}");
    }
}

#[test]
fn junk_does_not_end_a_login_and_time_does() {
    let (mut pending, state) = pending();
    for number in 0..1000 {
        assert!(
            pending
                .callback(&format!("/cb?code=x&state={number}"), at(1))
                .is_err()
        );
    }
    let huge = format!("/cb?state={state}&code={}", "x".repeat(20_000));
    assert_eq!(
        pending.callback(&huge, at(1)).unwrap_err(),
        CallbackError::Malformed
    );
    let right = format!("/cb?code=c&state={state}");
    assert_eq!(
        pending.callback(&right, at(600)).unwrap_err(),
        CallbackError::Expired
    );
    assert!(pending.callback(&right, at(599)).is_ok());
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
