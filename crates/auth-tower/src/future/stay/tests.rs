use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Waker},
};

use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    AuthLayer,
    mock::{API, Scripted, Strict, get, run, status},
};

/// Sends a request and returns what its future said of itself on the way.
fn stages(uri: &'static str) -> Vec<String> {
    let api = Strict::new([401, 200].map(status));
    let mut auth = AuthLayer::new(Scripted::new(["one", "two"])).layer(api);
    run(poll_fn(|cx| auth.poll_ready(cx))).unwrap();
    let mut future = pin!(auth.call(get(uri, Bytes::new())));
    let mut cx = Context::from_waker(Waker::noop());
    let mut stages = vec![format!("{future:?}")];
    while future.as_mut().poll(&mut cx).is_pending() {
        stages.push(format!("{future:?}"));
    }
    stages.dedup();
    stages
}

#[test]
fn a_future_says_what_it_waits_for() {
    let expected = [
        "waiting for a token",
        "sent",
        "waiting for another token",
        "waiting to send again",
        "sent",
    ];
    let named = |stage| format!("ResponseFuture({stage:?})");
    assert_eq!(stages(API), expected.map(named));
    assert_eq!(stages("https://other.example/"), [named("failed")]);
}
