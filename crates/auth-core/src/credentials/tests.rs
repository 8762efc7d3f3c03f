//! Parameters of a token request.

use http::{Uri, header::AUTHORIZATION};

use super::TokenRequest;

fn request(uri: &'static str) -> TokenRequest {
    TokenRequest::new(Uri::from_static(uri))
}

#[test]
fn no_parameter_stands_in_a_request_twice() {
    let mut request = request("https://as.example/token?tenant=1");
    request.form_parameter("code", "made-up".into()).unwrap();
    for name in ["code", "tenant"] {
        assert!(request.query_parameter(name, "x".into()).is_err(), "{name}");
        assert!(request.form_parameter(name, "x".into()).is_err(), "{name}");
    }
    assert_eq!((request.query().len(), request.form().len()), (0, 1));
}

#[test]
fn an_empty_parameter_counts_as_absent() {
    let mut request = request("https://as.example/token");
    request.form_parameter("scope", "".into()).unwrap();
    request.query_parameter("scope", "".into()).unwrap();
    assert!(request.form().is_empty() && request.query().is_empty());
}

#[test]
fn nothing_secret_is_shown() {
    let mut request = request("https://as.example/token?planted-0=1");
    request
        .form_parameter("password", "planted-1".into())
        .unwrap();
    request
        .query_parameter("secret", "planted-2".into())
        .unwrap();
    request.header(AUTHORIZATION, &"planted-3".into()).unwrap();
    assert!(
        request
            .header(AUTHORIZATION, &"planted-4\n".into())
            .is_err()
    );
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    let shown = format!("{request:?}");
    assert!(!shown.contains("planted"), "{shown}");
    assert!(shown.contains("password") && shown.contains("as.example"));
}
