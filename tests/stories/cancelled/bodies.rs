//! Bodies that are looked at, recorded and watched, dropped after each poll of the call and of the body.

use std::convert::Infallible;

use auth_testkit::GrpcRefusal;
use auth_tower::{AuthLayer, PeekBodyLayer, RecordBody, replay::Recording};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use tower::Layer;

use super::{
    layer::{Answered, BODY, Before, calls, dropped_everywhere},
    stepped::Pieces,
};

/// A body like tonic's: in a box, and read once.
type Boxed = UnsyncBoxBody<Bytes, Infallible>;

const BEFORE: [(Before, usize); 4] = [
    (Before::Nothing, 1),
    (Before::GoodToken, 0),
    (Before::DeadToken, 1),
    (Before::NothingGood, 2),
];

/// A refusal that the body alone tells. Each answer is read ahead by a few bytes, and handed on whole.
#[tokio::test]
async fn a_body_that_is_looked_at_loses_nothing() {
    for (before, exchanges) in BEFORE {
        dropped_everywhere(before, exchanges, |world| {
            let peek = PeekBodyLayer::new(16, |_| true);
            world.resource.configure(|knobs| knobs.refusal_status = 403);
            let layer = AuthLayer::new(world.source.clone()).refusal(|answer| {
                let body = answer.body();
                body.is_some_and(|body| body.starts_with(b"{\"message\""))
            });
            let service = layer.layer(peek.layer(world.client()));
            calls(
                world,
                service,
                world.request(|| Full::from(BODY)),
                described,
            )
        })
        .await;
    }
}

/// A body that is recorded as it goes out, and sent again from its record.
#[tokio::test]
async fn a_body_that_is_recorded_is_never_cut() {
    for (before, exchanges) in BEFORE {
        dropped_everywhere(before, exchanges, |world| {
            let record = RecordBody::new(1024, |body: Recording<Boxed>| body.boxed_unsync());
            let layer = AuthLayer::new(world.source.clone()).replay(record);
            let body = || Pieces::new(&Bytes::from(BODY), None).boxed_unsync();
            let service = layer.layer(world.client());
            calls(world, service, world.request(body), described)
        })
        .await;
    }
}

/// A refusal that comes after the message. The caller who leaves before it has rejected nothing.
#[tokio::test]
async fn trailers_that_are_watched_lose_nothing() {
    for (before, exchanges) in BEFORE {
        dropped_everywhere(before, exchanges, |world| {
            let late = GrpcRefusal::TrailersAfterMessage;
            world.resource.configure(|knobs| knobs.grpc_refusal = late);
            let layer = AuthLayer::new(world.source.clone()).watch_trailers();
            let request = world.request(|| Full::from(BODY));
            let request = move || {
                let mut request = request();
                let grpc = HeaderValue::from_static("application/grpc");
                request.headers_mut().insert(CONTENT_TYPE, grpc);
                request
            };
            calls(world, layer.layer(world.client()), request, echoed)
        })
        .await;
    }
}

/// Whether the resource took the token. What it says of the body is there to its end in any case.
fn described(answer: &Answered) -> bool {
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let taken = answer.status == StatusCode::OK;
    assert!(!taken || json["length"] == BODY.len());
    taken
}

fn echoed(answer: &Answered) -> bool {
    assert_eq!(answer.body, BODY);
    let trailers = answer.trailers.as_ref();
    trailers.is_some_and(|trailers| trailers["grpc-status"] == "0")
}
