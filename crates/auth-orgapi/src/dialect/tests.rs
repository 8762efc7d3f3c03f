use std::time::Duration;

use auth_core::{Now, Secret};
use auth_oauth2::{Asked, decode};
use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE};

use super::*;

fn dialect() -> Dialect {
    let secret = Secret::new("demo-secret");
    orgapi(&Config::new("fra1.blynk.cloud", "id", secret).unwrap())
}

fn read(step: Step, status: u16, body: &str) -> Result<auth_oauth2::TokenReply, Error> {
    let reply = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    let now = Now::new(std::time::SystemTime::UNIX_EPOCH, Duration::ZERO);
    decode(&reply, &Asked::new(step, now), &dialect())
}

#[test]
fn each_refusal_says_who_must_act() {
    use ErrorKind::{Configuration, LoginRequired, Unavailable};
    use Sent::{Answered, Maybe};
    use Step::{ClientCredentials, RefreshToken};

    let table = [
        (
            ClientCredentials,
            400,
            "invalid_client",
            Configuration,
            Answered,
        ),
        (
            ClientCredentials,
            401,
            "invalid_client",
            Configuration,
            Answered,
        ),
        (RefreshToken, 400, "invalid_client", Configuration, Answered),
        (
            ClientCredentials,
            400,
            "unauthorized_client",
            Configuration,
            Answered,
        ),
        (
            ClientCredentials,
            400,
            "invalid_request",
            Configuration,
            Answered,
        ),
        (
            ClientCredentials,
            400,
            "unsupported_grant_type",
            Configuration,
            Answered,
        ),
        (
            ClientCredentials,
            400,
            "invalid_grant",
            Configuration,
            Answered,
        ),
        (RefreshToken, 400, "invalid_grant", LoginRequired, Answered),
        (RefreshToken, 429, "", Unavailable, Answered),
        (RefreshToken, 500, "", Unavailable, Maybe),
        (RefreshToken, 502, "", Unavailable, Maybe),
        (RefreshToken, 503, "", Unavailable, Answered),
        (RefreshToken, 504, "", Unavailable, Maybe),
        (ClientCredentials, 502, "", Unavailable, Answered),
        (ClientCredentials, 429, "", Unavailable, Answered),
    ];
    for (step, status, code, kind, sent) in table {
        let body = format!(r#"{{"error":"{code}","error_description":"planted words"}}"#);
        let error = read(step, status, &body).unwrap_err();
        let row = format!("{step:?} {status} {code}");
        assert_eq!((error.kind(), error.sent()), (kind, sent), "{row}");
        assert_eq!(error.code().unwrap_or_default(), code, "{row}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{row}");
    }
}

#[test]
fn the_hints_name_what_to_look_at() {
    let hint = |code| {
        let body = format!(r#"{{"error":"{code}"}}"#);
        read(Step::ClientCredentials, 400, &body)
            .unwrap_err()
            .to_string()
    };
    assert!(hint("invalid_client").contains("region"));
    assert!(hint("unauthorized_client").contains("plan"));
}

#[test]
fn a_reply_may_bring_no_refresh_token() {
    for member in [r#","refresh_token":null"#, "", r#","refresh_token":"""#] {
        let body = format!(
            r#"{{"access_token":"made-up","token_type":"Bearer","expires_in":300{member}}}"#
        );
        let reply = read(Step::RefreshToken, 200, &body).unwrap();
        assert!(reply.refresh.is_none(), "{member}");
        assert_eq!(reply.lifetime, Some(Duration::from_secs(300)));
    }
    assert_eq!(dialect().missing_refresh, MissingRefresh::Forget);
}

#[test]
fn an_error_of_the_other_shape_is_an_error() {
    let body = r#"{"error":{"message":"planted words"}}"#;
    for (status, kind) in [(200, ErrorKind::Protocol), (400, ErrorKind::Configuration)] {
        let error = read(Step::ClientCredentials, status, body).unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, None));
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
