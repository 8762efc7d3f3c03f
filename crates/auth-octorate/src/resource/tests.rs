use super::*;

#[test]
fn answers_mean_what_is_documented() {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    // Status, kind, and each documented `type` of that status.
    for (status, kind, types) in [
        (
            400,
            Configuration,
            &[
                "ApiParamsExemption",
                "JsonParseExemption",
                "ApiValidationFailed",
            ][..],
        ),
        (401, Configuration, &["ApiKeyMissing", "ApiKeyInvalid"]),
        (
            403,
            Configuration,
            &["ApiSecurityException", "WrongEnviroment"],
        ),
        (403, Unavailable, &["ApiQuotaException"]),
        (
            404,
            Configuration,
            &["ApiResourceMissing", "ApiResourceEmpty"],
        ),
        (405, Configuration, &["MethodNotAllowed"]),
        (
            500,
            Unavailable,
            &["InternalServerError", "ApiServerException"],
        ),
        (550, Unavailable, &["ApiPartnerServerError"]),
    ] {
        for code in types {
            let body = format!(r#"{{"type":"{code}"}}"#);
            let status = StatusCode::from_u16(status).unwrap();
            let error = resource_error(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!((error.kind(), error.code()), (kind, Some(*code)), "{body}");
        }
    }
    for (status, body, kind, code) in [
        (400, r#"{"type":"made_up_echo"}"#, Configuration, None),
        (404, "", Configuration, None),
        (404, "<html>", Configuration, None),
        (422, r#"{"type":7}"#, Configuration, None),
        (429, "", Unavailable, None),
        (302, "", Configuration, Some("redirect")),
        (304, "", Protocol, None),
        (200, r#"{"type":"ApiQuotaException"}"#, Protocol, None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("request-id", http::HeaderValue::from_static("demo-1"));
        let status = StatusCode::from_u16(status).unwrap();
        let error = resource_error(status, &headers, body.as_bytes());
        assert_eq!(
            (error.kind(), error.code()),
            (kind, code),
            "{status} {body}"
        );
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.request_id(), Some("demo-1"));
        assert!(!error.to_string().contains("html"));
    }
}

#[test]
fn a_404_of_something_in_the_way_names_both_causes() {
    for (body, both) in [
        ("", true),
        ("<html>", true),
        (r#"{"type":"ApiResourceMissing"}"#, false),
    ] {
        let error = resource_error(StatusCode::NOT_FOUND, &HeaderMap::new(), body.as_bytes());
        let text = error.to_string();
        let named = text.contains("address") && text.contains("sandbox");
        assert_eq!(named, both, "{text}");
    }
}
