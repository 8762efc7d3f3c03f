use auth_core::{ErrorKind, Now};
use auth_oauth2::{Asked, decode};
use bytes::Bytes;
use http::Response;
use std::time::{Duration, SystemTime};

use super::*;

/// Returns kind and code of what a step makes of an answer.
fn refusal(step: Step, status: u16, body: &'static str) -> (ErrorKind, Option<String>) {
    let config = Config::new("public_demo", auth_core::Secret::new("made-up-secret"));
    let reply = Response::builder().status(status);
    let reply = reply.body(Bytes::from(body)).unwrap();
    let asked = Asked::new(step, Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO));
    let error = decode(&reply, &asked, &octorate(&config)).unwrap_err();
    (error.kind(), error.code().map(str::to_owned))
}

#[test]
fn the_step_tells_what_was_refused() {
    for status in [400, 401, 403] {
        for body in [
            "",
            "<html>",
            r#"{"type":"ApiSecurityException"}"#,
            r#"{"message":"x"}"#,
        ] {
            for (step, kind) in [
                (Step::RefreshToken, LoginRequired),
                (Step::AuthorizationCode, LoginRequired),
                (Step::ClientCredentials, Configuration),
                (Step::Other, Configuration),
            ] {
                assert_eq!(
                    refusal(step, status, body).0,
                    kind,
                    "{step:?} {status} {body}"
                );
            }
        }
        for step in [
            Step::RefreshToken,
            Step::AuthorizationCode,
            Step::ClientCredentials,
            Step::Other,
        ] {
            let quota = refusal(step, status, r#"{"type":"ApiQuotaException"}"#);
            assert_eq!(
                quota,
                (Unavailable, Some("ApiQuotaException".to_owned())),
                "{step:?}"
            );
            let wrong = refusal(step, status, r#"{"type":"WrongEnviroment"}"#);
            assert_eq!(
                wrong,
                (Configuration, Some("WrongEnviroment".to_owned())),
                "{step:?}"
            );
        }
    }
    for status in [500, 502, 503, 504, 550] {
        for step in [Step::RefreshToken, Step::ClientCredentials, Step::Other] {
            assert_eq!(refusal(step, status, "<html>").0, Unavailable, "{status}");
        }
    }
}

#[test]
fn words_of_the_server_are_not_kept() {
    let (_, code) = refusal(
        Step::RefreshToken,
        403,
        r#"{"type":"made-up-secret","message":"x"}"#,
    );
    assert_eq!(code, None);
}

#[test]
fn a_refused_login_stays() {
    assert_eq!(policy().on_refused_login, OnRefusedLogin::Keep);
}
