use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_layer::Layer;

use super::Watched;
use crate::{
    AuthLayer, Never, NoAuth,
    mock::{API, Scripted, Strict, get, run, send},
};

type Streamed = http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>;

fn streamed(grpc_status: &'static str) -> Response<Streamed> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", grpc_status.parse().unwrap());
    let data = Full::new(Bytes::from_static(b"message"));
    Response::new(Streamed::new(
        data.with_trailers(async { Some(Ok(trailers)) }),
    ))
}

fn watch(source: &Arc<Scripted>, api: &Strict<Bytes, Streamed>, no_auth: bool) {
    let mut client = AuthLayer::new(Arc::clone(source))
        .watch_trailers()
        .layer(api.clone());
    let mut request = get(API, Bytes::new());
    if no_auth {
        request.extensions_mut().insert(NoAuth);
    }
    let response = send(&mut client, request).unwrap();
    assert!(response.extensions().get::<Watched>().is_none());
    assert!(source.rejected().is_empty());
    let whole = run(response.into_body().collect()).unwrap();
    assert!(whole.trailers().is_some());
    assert_eq!(whole.to_bytes(), "message");
}

#[test]
fn a_token_refused_in_trailers_is_rejected_and_nothing_is_replayed() {
    for warm in [true, false] {
        let mut source = Scripted::new(["one", "two"]);
        if warm {
            source = source.warm();
        }
        let api = Strict::new([streamed("16")]);
        watch(&source, &api, false);
        assert_eq!((source.rejected().len(), api.seen().len()), (1, 1));
    }
}

#[test]
fn other_trailers_and_requests_without_a_token_reject_nothing() {
    for (code, no_auth) in [("0", false), ("7", false), ("16", true)] {
        let source = Scripted::new(["one"]).warm();
        watch(&source, &Strict::new([streamed(code)]), no_auth);
        assert!(source.rejected().is_empty());
    }
}

#[test]
fn a_rule_and_the_trailers_are_both_heard() {
    let mut forbidden = streamed("0");
    *forbidden.status_mut() = http::StatusCode::FORBIDDEN;
    for answer in [streamed("16"), forbidden] {
        let source = Scripted::new(["one"]).warm();
        let layer = AuthLayer::new(Arc::clone(&source)).refusal(|answer| answer.status() == 403);
        let mut client = layer
            .replay(Never)
            .watch_trailers()
            .layer(Strict::new([answer]));
        let response = send(&mut client, get(API, Bytes::new())).unwrap();
        run(response.into_body().collect()).unwrap();
        assert_eq!(source.rejected().len(), 1);
    }
}

#[test]
fn nobody_watches_unless_asked() {
    let usual = AuthLayer::new(Scripted::new(["one"]).warm());
    let ruled = usual.clone().refusal(|answer| answer.status() == 403);
    for layer in [usual, ruled] {
        let mut auth = layer.layer(Strict::<Bytes, _>::new([streamed("16")]));
        let response = send(&mut auth, get(API, Bytes::new())).unwrap();
        assert!(response.extensions().is_empty());
    }
}

#[test]
fn a_watched_body_tells_its_length_and_end() {
    let source = Scripted::new(["one"]).warm();
    let api = Strict::<Bytes, _>::new([Response::new(Full::new(Bytes::from_static(b"message")))]);
    let mut client = AuthLayer::new(source).watch_trailers().layer(api);
    let response = send(&mut client, get(API, Bytes::new())).unwrap();
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(7));
    assert!(!body.is_end_stream());
    run(body.frame()).unwrap().unwrap();
    assert!(body.is_end_stream());
}
