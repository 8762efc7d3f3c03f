use auth_core::{Secret, Token};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use tower_layer::Layer;

use crate::{
    AuthLayer, Replay,
    mock::{API, Scripted, Strict, get, send, status, token},
};

const BRAND: HeaderName = HeaderName::from_static("x-brand");
const KEY: HeaderName = HeaderName::from_static("x-key");
const OWN: HeaderName = HeaderName::from_static("x-own");

#[test]
fn a_second_sending_has_all_headers_of_the_caller_and_none_of_the_first_token() {
    let key = || Token::in_header(KEY, "", Secret::new("key")).unwrap();
    for (first, names) in [
        (token("one"), [AUTHORIZATION].as_slice()),
        (
            token("one").with_header(BRAND, "B1").unwrap(),
            &[AUTHORIZATION, BRAND],
        ),
    ] {
        let source = Scripted::with("https://api.example", [Ok(first), Ok(key())]).warm();
        let api = Strict::new([401, 200].map(status));
        let mut request = get(API, Bytes::new());
        let mut own = HeaderValue::from_static("mine");
        for sensitive in [false, true] {
            own.set_sensitive(sensitive);
            request.headers_mut().append(OWN, own.clone());
        }
        send(&mut AuthLayer::new(source).layer(api.clone()), request).unwrap();
        let [first, second] = &api.seen()[..] else {
            panic!("two requests are expected");
        };
        for (seen, names) in [(first, names), (second, &[KEY])] {
            assert_eq!(seen.headers.get_all(OWN).iter().count(), 2);
            assert!(names.iter().all(|name| seen.headers.contains_key(name)));
            assert_eq!(seen.headers.len(), 2 + names.len());
        }
    }
}

/// Keeps no body, and must not be asked to.
#[derive(Clone)]
struct Aloof;

impl Replay<Bytes> for Aloof {
    type Spare = Bytes;

    fn keeps(&self, _: &Bytes) -> bool {
        false
    }

    fn split(&self, _: Bytes) -> (Bytes, Option<Bytes>) {
        panic!("the body is not one that is kept");
    }

    fn restore(&self, spare: Bytes) -> Option<Bytes> {
        Some(spare)
    }
}

#[test]
fn nothing_is_copied_for_a_body_that_is_not_kept() {
    let source = Scripted::new(["one", "two"]).warm();
    let api = Strict::new([401, 200].map(status));
    let mut auth = AuthLayer::new(source).replay(Aloof).layer(api.clone());
    let answer = send(&mut auth, get(API, Bytes::from_static(b"things")));
    assert_eq!(
        (answer.unwrap().status(), api.seen().len()),
        (401.try_into().unwrap(), 1)
    );
}
