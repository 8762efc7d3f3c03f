use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use tower_layer::Layer;

use super::Answer;
use crate::{
    AuthLayer,
    mock::{API, Scripted, Strict, get, send, status},
};

/// Sends a request whose answer is `code`, marked in a header and in an extension, and tells whether `rule` refuses.
fn refuses(code: u16, rule: fn(&Answer<'_>) -> bool) -> bool {
    let source = Scripted::new(["one", "two"]).warm();
    let mut response = status(code);
    response
        .headers_mut()
        .insert("x-reason", "stale".parse().unwrap());
    response.extensions_mut().insert(7_u32);
    let api = Strict::<Bytes>::new([response, status(204)]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).refusal(rule).layer(api);
    send(&mut auth, get(API, Bytes::new())).unwrap();
    !source.rejected().is_empty()
}

#[test]
fn a_rule_sees_status_headers_and_extensions() {
    assert!(refuses(403, |answer| answer.status() == 403));
    assert!(refuses(200, |answer| answer
        .headers()
        .contains_key("x-reason")));
    assert!(refuses(200, |answer| answer.extensions().get() == Some(&7_u32)));
    assert!(!refuses(200, |answer| answer
        .headers()
        .contains_key("x-other")));
}

#[test]
fn a_rule_is_asked_once_for_each_response() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let source = Scripted::new(["one", "two"]).warm();
    let api = Strict::<Bytes>::new([status(401), status(204)]);
    let layer = AuthLayer::new(source).refusal(move |answer| {
        count.fetch_add(1, Ordering::Relaxed);
        answer.status() == 401
    });
    send(&mut layer.layer(api), get(API, Bytes::new())).unwrap();
    // The refusal and the answer to the second sending.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
