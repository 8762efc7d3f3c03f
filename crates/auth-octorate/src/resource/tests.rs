use super::*;

#[test]
fn answers_mean_what_is_documented() {
    use ErrorKind::{Configuration, Unavailable};

    for (status, body, kind, code) in [
        (
            400,
            r#"{"type":"ApiValidationFailed"}"#,
            Configuration,
            None,
        ),
        (
            401,
            r#"{"type":"ApiKeyInvalid"}"#,
            Configuration,
            Some("ApiKeyInvalid"),
        ),
        (
            403,
            r#"{"type":"ApiSecurityException"}"#,
            Configuration,
            Some("ApiSecurityException"),
        ),
        (
            403,
            r#"{"type":"ApiQuotaException"}"#,
            Unavailable,
            Some("ApiQuotaException"),
        ),
        (
            403,
            r#"{"type":"WrongEnviroment"}"#,
            Configuration,
            Some("WrongEnviroment"),
        ),
        (
            404,
            r#"{"type":"ApiResourceMissing"}"#,
            Configuration,
            Some("ApiResourceMissing"),
        ),
        (404, "", Unavailable, None),
        (404, "<html>", Unavailable, None),
        (422, r#"{"type":7}"#, Configuration, None),
        (429, "", Unavailable, None),
        (500, r#"{"type":"InternalServerError"}"#, Unavailable, None),
        (
            550,
            r#"{"type":"ApiPartnerServerError"}"#,
            Unavailable,
            None,
        ),
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
