use std::time::Duration;

use http::header::{LOCATION, RETRY_AFTER};

use super::*;

fn error(status: u16, headers: &[(http::HeaderName, &str)], body: &str) -> Error {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect();
    resource_error(
        StatusCode::from_u16(status).unwrap(),
        &headers,
        body.as_bytes(),
    )
}

#[test]
fn each_status_says_who_must_act() {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    let table = [
        (200, Protocol),
        (204, Protocol),
        (304, Protocol),
        (308, Configuration),
        (400, Configuration),
        (401, Configuration),
        (403, Configuration),
        (404, Configuration),
        (408, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ];
    for (status, kind) in table {
        let error = error(status, &[], "");
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
    }
}

#[test]
fn both_shapes_of_error_are_read_and_no_words_are_kept() {
    let table = [
        (r#"{"error":"invalid_token"}"#, Some("invalid_token")),
        (
            r#"{"error":{"code":"invalid_request"}}"#,
            Some("invalid_request"),
        ),
        (r#"{"error":{"message":"planted"}}"#, None),
        (r#"{"error":"planted"}"#, None),
        (r#"{"error":{"code":"planted"}}"#, None),
        (r#"{"error":["planted"]}"#, None),
        (r#"{"error":null,"x":"planted"}"#, None),
        (r#"["planted"]"#, None),
        ("<html>planted</html>", None),
        ("planted", None),
        ("", None),
    ];
    for (body, code) in table {
        let error = error(400, &[], body);
        assert_eq!(error.code(), code, "{body}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{body}");
    }
}

#[test]
fn a_wait_that_is_asked_for_is_told() {
    let wait = error(429, &[(RETRY_AFTER, "7")], "").retry_after();
    assert_eq!(wait, Some(Duration::from_secs(7)));
    assert_eq!(error(429, &[], "").retry_after(), None);
}

#[test]
fn another_region_is_named_by_its_host_alone() {
    let location = "https://me:planted@lon1.blynk.cloud/api/v1/organization?planted=1";
    let error = error(308, &[(LOCATION, location)], r#"{"error":"invalid_token"}"#);
    assert_eq!(error.code(), Some(WRONG_REGION));
    let text = format!("{error} {error:?}");
    assert!(text.contains("lon1.blynk.cloud"), "{text}");
    assert!(!text.contains("planted"), "{text}");
    // A relative address has no host, whatever its first word looks like.
    let text = error_text(308, "planted");
    assert!(!text.contains("planted"), "{text}");
}

fn error_text(status: u16, location: &'static str) -> String {
    format!("{:?}", error(status, &[(LOCATION, location)], ""))
}

#[test]
fn what_the_answer_says_about_itself_is_kept_and_no_long_host() {
    let id = http::HeaderName::from_static("x-request-id");
    let kept = error(400, &[(id, "req-1")], "");
    assert_eq!(kept.request_id(), Some("req-1"));
    let host = "a".repeat(254);
    let long = error(308, &[(LOCATION, &format!("https://{host}/"))], "");
    assert_eq!(long.code(), Some(WRONG_REGION));
    assert!(!long.to_string().contains(&host), "{long}");
    // A code of the standard does not make a refusal by the API a refusal of a login.
    let grant = error(400, &[], r#"{"error":"invalid_grant"}"#);
    assert_eq!(grant.kind(), ErrorKind::Configuration);
}
