use auth_core::{Error, ErrorKind};
use http::{HeaderMap, StatusCode};

use crate::{Dialect, resource_refusal};

fn of_resource(status: u16, headers: &HeaderMap, body: &str) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    resource_refusal(status, headers, body.as_bytes(), &Dialect::default())
}

#[test]
fn an_answer_of_the_api_is_read_like_a_refusal_and_named_after_the_api() {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    for (status, body, kind, code) in [
        (200, r#"{"error":"invalid_token"}"#, Protocol, None),
        (201, "", Protocol, None),
        (204, "", Protocol, None),
        (304, "", Protocol, None),
        (308, "", Configuration, Some("redirect")),
        (
            401,
            r#"{"error":"invalid_token"}"#,
            Configuration,
            Some("invalid_token"),
        ),
        // What the request held is not known, so only known codes are believed.
        (400, r#"{"error":"planted"}"#, Configuration, None),
        (404, "<html>planted</html>", Configuration, None),
        (429, "", Unavailable, None),
        (503, "", Unavailable, None),
    ] {
        let error = of_resource(status, &HeaderMap::new(), body);
        assert_eq!((error.kind(), error.code()), (kind, code), "{status}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        let text = format!("{error} {error:?}");
        assert!(error.to_string().starts_with("the API "), "{text}");
        assert!(
            !text.contains("planted") && !text.contains("token endpoint"),
            "{text}"
        );
    }
    let mut moved = HeaderMap::new();
    moved.insert(
        "location",
        "https://lon1.example/x?planted".parse().unwrap(),
    );
    let text = of_resource(302, &moved, "").to_string();
    assert!(
        text.starts_with("the API redirects to the host lon1.example;"),
        "{text}"
    );
}
