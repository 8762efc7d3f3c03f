use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE},
};

use crate::{Secret, Token};

const DATE: HeaderName = HeaderName::from_static("x-date");
const BRAND: HeaderName = HeaderName::from_static("x-brand");

fn token() -> Token {
    let bearer = Token::bearer(Secret::new("made-up")).unwrap();
    let dated = bearer.with_header(DATE, "D1").unwrap();
    dated.with_header(BRAND, "B1").unwrap()
}

fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_request_that_carries_any_of_the_headers_keeps_what_it_has() {
    let [accept, agent] = ["accept", "user-agent"].map(HeaderName::from_static);
    for carried in [
        vec![(AUTHORIZATION, "a")],
        vec![(BRAND, "a")],
        vec![(BRAND, "a"), (BRAND, "b"), (BRAND, "c")],
        vec![(AUTHORIZATION, "a"), (AUTHORIZATION, "b")],
        vec![(AUTHORIZATION, "a"), (BRAND, "a"), (BRAND, "b")],
    ] {
        let mut headers = HeaderMap::new();
        headers.append(&accept, HeaderValue::from_static("*/*"));
        for (name, value) in carried {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.append(&agent, HeaderValue::from_static("test/1"));
        let before = headers.clone();
        assert!(!token().attach(&mut headers));
        // The order too is what goes over the wire.
        assert!(headers.iter().eq(before.iter()), "{headers:?}");
    }
}

#[test]
fn a_request_that_carries_none_gets_all_of_them() {
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, HeaderValue::from_static("a=1"));
    headers.append(COOKIE, HeaderValue::from_static("b=2"));
    assert!(token().attach(&mut headers));
    assert_eq!(values(&headers, &COOKIE), ["a=1", "b=2"]);
    headers.remove(COOKIE);
    assert_eq!(values(&headers, &AUTHORIZATION), ["Bearer made-up"]);
    assert_eq!(values(&headers, &BRAND), ["B1"]);
    assert!(headers.values().all(HeaderValue::is_sensitive));
}

#[test]
fn to_apply_replaces_what_is_there() {
    let mut headers = HeaderMap::new();
    headers.append(BRAND, HeaderValue::from_static("a"));
    headers.append(BRAND, HeaderValue::from_static("b"));
    token().apply(&mut headers);
    assert_eq!(values(&headers, &BRAND), ["B1"]);
}
