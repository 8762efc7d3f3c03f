use std::{error::Error as _, time::Duration};

use auth_core::{ErrorKind, Sent};

use super::{asked, json, reply};
use crate::{Dialect, decode};

#[test]
fn a_refusal_is_read_by_status_and_then_by_code() {
    use ErrorKind::{Configuration, LoginRequired, Protocol, Unavailable};

    for (status, body, kind, code) in [
        (
            400,
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
            r#"{"error":"invalid_client"}"#,
            Configuration,
            Some("invalid_client"),
        ),
        (
            401,
            r#"{"error":"invalid_token"}"#,
            LoginRequired,
            Some("invalid_token"),
        ),
        (
            401,
            r#"{"error":"unauthorized"}"#,
            Configuration,
            Some("unauthorized"),
        ),
        (
            400,
            r#"{"error":"unauthorized_client"}"#,
            Configuration,
            Some("unauthorized_client"),
        ),
        (
            400,
            r#"{"error":"unsupported_grant_type"}"#,
            Configuration,
            Some("unsupported_grant_type"),
        ),
        (
            400,
            r#"{"error":"invalid_scope"}"#,
            Configuration,
            Some("invalid_scope"),
        ),
        (
            400,
            r#"{"error":"slow_down"}"#,
            Unavailable,
            Some("slow_down"),
        ),
        (
            400,
            r#"{"error":"of_its_own"}"#,
            Configuration,
            Some("of_its_own"),
        ),
        (
            200,
            r#"{"error":"invalid_grant","access_token":"at"}"#,
            LoginRequired,
            Some("invalid_grant"),
        ),
        (
            200,
            r#"{"error":"of_its_own","access_token":"at"}"#,
            Protocol,
            Some("of_its_own"),
        ),
        (
            200,
            r#"{"error":{"message":"planted"},"access_token":"at"}"#,
            Protocol,
            None,
        ),
        (
            400,
            r#"{"error":{"message":"planted"}}"#,
            Configuration,
            None,
        ),
        (
            400,
            r#"{"error":{"code":"invalid_grant"}}"#,
            LoginRequired,
            Some("invalid_grant"),
        ),
        (
            401,
            r#"{"timestamp":1,"status":401,"error":"Unauthorized","path":"/planted"}"#,
            Configuration,
            None,
        ),
        (400, r#"{"error":"planted_secret"}"#, Configuration, None),
        (
            400,
            r#"{"error":"is_planted_secret_ok"}"#,
            Configuration,
            None,
        ),
        (400, r#"{"error":"pw"}"#, Configuration, None),
        (400, r#"{"error":"powers"}"#, Configuration, Some("powers")),
        (400, "", Configuration, None),
        (400, "{}", Configuration, None),
        (403, "", Configuration, None),
        (404, "", Configuration, None),
        (429, "", Unavailable, None),
        (408, "", Unavailable, None),
        (500, "", Unavailable, None),
        (
            503,
            r#"{"error":"invalid_grant"}"#,
            Unavailable,
            Some("invalid_grant"),
        ),
        (550, "", Unavailable, None),
        (201, r#"{"access_token":"at"}"#, Protocol, None),
        (204, "", Protocol, None),
        (304, "", Protocol, None),
    ] {
        let error = json(status, body).unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert_eq!(error.code(), code, "{status} {body}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        assert_eq!(error.sent(), Sent::Answered);
        let text = format!("{error} {error:?}");
        assert!(!text.contains("planted"), "{text}");
    }
}

#[test]
fn pages_are_described_and_not_quoted() {
    for (status, kind) in [
        (401, ErrorKind::Configuration),
        (404, ErrorKind::Configuration),
        (503, ErrorKind::Unavailable),
    ] {
        let page = reply(status, "text/html", "<h1>planted</h1>");
        let error = decode(&page, &asked(), &Dialect::default()).unwrap_err();
        assert_eq!(error.kind(), kind);
        let source = error.source().unwrap().to_string();
        assert!(
            source.ends_with("content type text/html, 16 bytes"),
            "{source}"
        );
        assert!(!format!("{error:?}").contains("planted"));
    }
}

#[test]
fn what_the_server_says_about_the_request_is_not_repeated() {
    let error = json(
        400,
        r#"{"error":"invalid_grant","error_description":"Invalid refresh token: rt-planted"}"#,
    )
    .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("rt-planted"));
}

#[test]
fn redirects_are_errors_that_name_the_host_alone() {
    for (location, named) in [
        (
            "https://lon1.example/oauth2/token?refresh_token=rt-planted",
            Some("lon1.example"),
        ),
        ("https://user:planted@lon1.example/", Some("lon1.example")),
        ("https://rt-planted.example/", None),
        ("/elsewhere?x=planted", None),
        ("planted", None),
        ("//planted@lon1.example/", None),
        ("::planted::", None),
    ] {
        for status in [301, 302, 307, 308] {
            let mut moved = reply(status, "text/html", "planted");
            moved
                .headers_mut()
                .insert("location", location.parse().unwrap());
            let error = decode(&moved, &asked(), &Dialect::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.code(), Some("redirect"));
            let text = format!("{error} {error:?}");
            assert!(!text.contains("planted"), "{text}");
            assert_eq!(text.contains("to the host"), named.is_some(), "{text}");
            assert!(named.is_none_or(|host| text.contains(host)), "{text}");
        }
    }
}

#[test]
fn request_ids_and_waits_are_kept() {
    for (name, id, kept) in [
        ("request-id", "req-1", Some("req-1")),
        ("x-request-id", "req-2", Some("req-2")),
        ("request-id", "rt-planted-1", None),
        ("request-id", "", None),
    ] {
        let mut busy = reply(429, "", "");
        busy.headers_mut().insert(name, id.parse().unwrap());
        busy.headers_mut()
            .insert("retry-after", "7".parse().unwrap());
        let error = decode(&busy, &asked(), &Dialect::default()).unwrap_err();
        assert_eq!(error.request_id(), kept);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    }
}

#[test]
fn a_dialect_says_what_its_codes_mean() {
    let mut dialect = Dialect::default();
    dialect.error_code = &["error", "type"];
    dialect.error_codes = &["ApiQuotaException"];
    dialect.refine = |refusal, error| match (refusal.status.as_u16(), refusal.code) {
        (403, Some("ApiQuotaException")) => error.with_kind(ErrorKind::Unavailable),
        (400 | 403, _) => error.with_kind(ErrorKind::LoginRequired),
        _ => error,
    };
    for (status, body, kind, code) in [
        (
            403,
            r#"{"type":"ApiQuotaException"}"#,
            ErrorKind::Unavailable,
            Some("ApiQuotaException"),
        ),
        (
            403,
            r#"{"type":"ApiSecurityException"}"#,
            ErrorKind::LoginRequired,
            None,
        ),
        (400, "", ErrorKind::LoginRequired, None),
        (500, "", ErrorKind::Unavailable, None),
    ] {
        let error =
            decode(&reply(status, "application/json", body), &asked(), &dialect).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (kind, code),
            "{status} {body}"
        );
    }
}

#[test]
fn only_an_error_that_says_something_denies_the_token() {
    let mut dialect = Dialect::default();
    dialect.error_code = &["type"];
    dialect.error_codes = &["Of-Its-Own"];
    dialect.refine = |_, error| error.with_kind(ErrorKind::LoginRequired);
    for (member, good) in [
        (r#""error":"""#, true),
        (r#""error":false"#, true),
        (r#""error":null"#, true),
        (r#""error":0"#, true),
        (r#""error":[]"#, true),
        (r#""type":null"#, true),
        (r#""type":"Bearer""#, true),
        (r#""type":"token""#, true),
        (r#""type":{}"#, true),
        (r#""x":{"y":1,"y":2},"z":[{"y":1,"y":2}]"#, true),
        (r#""error":"x""#, false),
        (r#""error":{}"#, false),
        (r#""type":"Of-Its-Own""#, false),
    ] {
        let body = format!(r#"{{"access_token":"at","refresh_token":"rt",{member}}}"#);
        let outcome = decode(&reply(200, "application/json", body), &asked(), &dialect);
        assert_eq!(outcome.is_ok(), good, "{member}");
        match outcome {
            Ok(reply) => assert_eq!(reply.refresh.unwrap().expose(), "rt"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::LoginRequired, "{member}"),
        }
    }
}
