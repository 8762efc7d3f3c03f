use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use auth_core::{Error, ErrorKind, Now, Secret, Sent};
use bytes::Bytes;
use http::Response;
use proptest::prelude::*;

use super::{Asked, TokenReply, decode};
use crate::{Dialect, Expiry, Step};

mod refusals;
mod resources;

fn asked() -> Asked {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    Asked::new(Step::RefreshToken, Now::new(wall, Duration::ZERO)).secrets(vec![
        Secret::new("rt-planted"),
        Secret::new("pw"),
        Secret::new("planted_secret"),
    ])
}

fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut reply = Response::builder().status(status);
    if !content_type.is_empty() {
        reply = reply.header("content-type", content_type);
    }
    reply.body(body.into()).unwrap()
}

fn json(status: u16, body: &str) -> Result<TokenReply, Error> {
    let reply = reply(status, "application/json;charset=UTF-8", body.to_owned());
    decode(&reply, &asked(), &Dialect::default())
}

#[test]
fn replies_of_three_providers_are_read() {
    let mut dialect = Dialect::default();
    dialect.access_token = &["access_token", "accessToken"];
    dialect.expiry = &[Expiry::Seconds("expires_in"), Expiry::Date("expireDate")];
    for (body, refresh, seconds) in [
        (
            r#"{"access_token":"at","refresh_token":"rt","expireDate":"2030-03-17T17:47:40.178Z"}"#,
            Some("rt"),
            Some(60),
        ),
        (
            r#"{"access_token":"at","accessToken":"at","refresh_token":"rt","token_type":"Bearer","expires_in":86400,"expireDate":"2031-03-17T17:41:51Z"}"#,
            Some("rt"),
            Some(86400),
        ),
        (
            r#"{"accessToken":"at","expireDate":"2030-03-17T17:47:40Z[UTC]"}"#,
            None,
            Some(60),
        ),
        (
            r#"{"access_token":"at","expireDate":"garbage"}"#,
            None,
            None,
        ),
        (
            r#"{"access_token":"at","token_type":"Bearer","expires_in":86400,"refresh_token":null}"#,
            None,
            Some(86400),
        ),
        (
            r#"{"access_token":"at","token_type":"bearer","expires_in":43199,"refresh_token":"","scope":"read"}"#,
            None,
            Some(43199),
        ),
    ] {
        let reply = decode(&reply(200, "application/json", body), &asked(), &dialect).unwrap();
        assert_eq!(reply.access.expose(), "at", "{body}");
        assert_eq!(
            reply.refresh.as_ref().map(Secret::expose),
            refresh,
            "{body}"
        );
        assert_eq!(
            reply.lifetime.map(|length| length.as_secs()),
            seconds,
            "{body}"
        );
    }
}

#[test]
fn an_absolute_end_counts_from_the_servers_clock() {
    let mut dialect = Dialect::default();
    dialect.expiry = &[Expiry::Date("expireDate")];
    let body = r#"{"access_token":"at","expireDate":"2030-03-17T17:51:40Z"}"#;
    for (date, seconds, skew) in [
        (None, Some(300), None),
        (Some("Sun, 17 Mar 2030 17:51:40 GMT"), None, Some(300)),
        (Some("Sun, 17 Mar 2030 17:41:40 GMT"), Some(600), Some(300)),
        (Some("garbage"), Some(300), None),
    ] {
        let mut reply = reply(200, "application/json", body);
        if let Some(date) = date {
            reply.headers_mut().insert("date", date.parse().unwrap());
        }
        let reply = decode(&reply, &asked(), &dialect).unwrap();
        assert_eq!(reply.lifetime, seconds.map(Duration::from_secs), "{date:?}");
        assert_eq!(reply.skew, skew.map(Duration::from_secs), "{date:?}");
    }
}

#[test]
fn token_types_are_compared_without_case_and_unknown_ones_refused() {
    for (kind, good) in [
        (r#","token_type":"bearer""#, true),
        (r#","token_type":"Bearer""#, true),
        (r#","token_type":"bEaReR""#, true),
        (r#","token_type":null"#, true),
        ("", true),
        (r#","token_type":"mac""#, false),
        (r#","token_type":"DPoP""#, false),
        (r#","token_type":"N_A""#, false),
        (r#","token_type":"""#, false),
        (r#","token_type":1"#, false),
    ] {
        let outcome = json(200, &format!(r#"{{"access_token":"at"{kind}}}"#));
        assert_eq!(outcome.is_ok(), good, "{kind}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Protocol);
        }
    }
}

#[test]
fn scopes_come_as_text_or_list_and_extras_as_asked() {
    for (scope, expected) in [
        (r#""read write""#, Some("read write")),
        (r#"["read","write"]"#, Some("read write")),
        (r#""""#, Some("")),
        ("[]", Some("")),
        ("null", None),
        (r#"[["read"]]"#, None),
        ("7", None),
    ] {
        let reply = json(200, &format!(r#"{{"access_token":"at","scope":{scope}}}"#)).unwrap();
        assert_eq!(reply.scope.as_deref(), expected, "{scope}");
    }
    let mut dialect = Dialect::default();
    dialect.extras = &["instance_url", "id", "absent"];
    let body =
        r#"{"access_token":"at","instance_url":"https://i.example","id":18446744073709551615}"#;
    let reply = decode(&reply(200, "application/json", body), &asked(), &dialect).unwrap();
    let extras: Vec<_> = reply
        .extras
        .iter()
        .map(|(n, v)| (&**n, v.expose()))
        .collect();
    assert_eq!(
        extras,
        [
            ("instance_url", "https://i.example"),
            ("id", "18446744073709551615")
        ]
    );
}

#[test]
fn bodies_are_read_by_their_content_type() {
    let json = r#"{"access_token":"at","expires_in":5}"#;
    let form = "access_token=at&expires_in=5&token_type=bearer";
    for (content_type, body, good) in [
        ("application/json", json, true),
        ("Application/JSON; charset=utf-8", json, true),
        ("application/hal+json", json, true),
        ("text/json", json, true),
        ("", json, true),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            form,
            true,
        ),
        (
            "application/x-www-form-urlencoded",
            "access_token=at&access_token=other",
            false,
        ),
        ("application/json", form, false),
        ("text/html", json, false),
        ("text/plain", json, false),
        ("application/xml", "<oauth/>", false),
    ] {
        let outcome = decode(
            &reply(200, content_type, body),
            &asked(),
            &Dialect::default(),
        );
        assert_eq!(outcome.is_ok(), good, "{content_type} {body}");
        if let Ok(reply) = outcome {
            assert_eq!(reply.lifetime, Some(Duration::from_secs(5)));
        }
    }
}

#[test]
fn unusable_bodies_with_status_200_are_typed_and_never_quoted() {
    let big = format!(
        r#"{{"access_token":"at","x":"{}"}}"#,
        "y".repeat(auth_core::MAX_BODY)
    );
    for (content_type, body) in [
        ("text/html", "<html>planted</html>"),
        ("application/json", ""),
        ("application/json", r#"{"access_token":"planted"#),
        (
            "application/json",
            r#"{"access_token":"planted","access_token":"planted"}"#,
        ),
        (
            "application/json",
            r#"{"access_token":"planted","x":1,"x":2}"#,
        ),
        ("application/json", r#"["planted"]"#),
        ("application/json", "\"planted\""),
        ("application/json", r#"{"refresh_token":"planted"}"#),
        ("application/json", r#"{"access_token":""}"#),
        ("application/json", r#"{"access_token":17}"#),
        ("application/json", r#"{"access_token":null}"#),
        (
            "application/json",
            r#"{"access_token":"planted","expires_in":1e999}"#,
        ),
        ("application/json", &*big),
        ("rt-planted/html", "planted"),
    ] {
        let reply = reply(200, content_type, body.to_owned());
        let error = decode(&reply, &asked(), &Dialect::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body:.60}");
        assert_eq!(error.sent(), Sent::Answered);
        assert_eq!(error.status(), Some(http::StatusCode::OK));
        let text = format!("{error} {error:?} {:?}", error.source());
        assert!(!text.contains("planted"), "{text}");
    }
    let html = reply(200, "text/html; charset=utf-8", "<html/>");
    let error = decode(&html, &asked(), &Dialect::default()).unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "the body is not a readable token reply: content type text/html, 7 bytes"
    );
}

#[test]
fn much_and_unknown_is_accepted() {
    let members: String = (0..64).map(|n| format!(r#""unknown{n}":[{n}],"#)).collect();
    let token = "t".repeat(64 * 1024);
    let reply = json(200, &format!(r#"{{{members}"access_token":"{token}"}}"#)).unwrap();
    assert_eq!(reply.access.expose(), token);
}

proptest! {
    #[test]
    fn any_reply_gets_an_answer_that_quotes_nothing(
        status in 100_u16..600,
        kind in prop::sample::select(vec!["application/json", "text/html", "application/x-www-form-urlencoded", ""]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&reply(status, kind, body), &asked(), &Dialect::default());
    }

    #[test]
    fn no_word_of_a_body_reaches_the_error(word in "[A-Za-z0-9]{9,40}", status in 100_u16..600) {
        let word = format!("Q{word}7");
        for body in [
            format!(r#"{{"error":"{word}","error_description":"{word}","error_uri":"{word}"}}"#),
            format!(r#"{{"error":{{"message":"{word}","code":"{word}"}}}}"#),
            format!(r#"{{"{word}":"{word}""#),
        ] {
            if let Err(error) = json(status, &body) {
                let text = format!("{error}{error:?}{:?}", error.source());
                prop_assert!(!text.contains(&word), "{}", text);
            }
        }
    }

    #[test]
    fn form_and_json_mean_the_same(token in "[a-z]{1,20}", seconds in any::<u32>(), scope in "[a-z ]{0,20}") {
        let as_json = json(200, &format!(
            r#"{{"access_token":"{token}","expires_in":{seconds},"scope":"{scope}"}}"#
        )).unwrap();
        let form = format!("access_token={token}&expires_in={seconds}&scope={}", scope.replace(' ', "+"));
        let form = reply(200, "application/x-www-form-urlencoded", form);
        let as_form = decode(&form, &asked(), &Dialect::default()).unwrap();
        prop_assert_eq!(as_json.access.expose(), as_form.access.expose());
        prop_assert_eq!(as_json.lifetime, as_form.lifetime);
        prop_assert_eq!(as_json.scope.as_deref().map(str::trim), as_form.scope.as_deref().map(str::trim));
    }
}
