//! What is gRPC's own.

use auth_core::Cached;
use auth_testkit::GrpcRefusal;
use auth_tower::{Auth, AuthError, AuthLayer, Reason, RecordBody, WatchTrailers};
use bytes::Bytes;
use tonic::{Code, Request, Status, body::Body, client::Grpc, transport::Channel};
use tower::Layer;

use super::{
    Story, TonicApi,
    tonic_api::{Plain, channel, layer, path},
};

type Watching = Grpc<WatchTrailers<Auth<Channel, RecordBody<Body>>>>;

fn watching(story: &Story, source: &Cached) -> Watching {
    let base = story.resource.base_url();
    let layer = layer(source.clone().into(), &base).watch_trailers();
    Grpc::new(layer.layer(channel(&base)))
}

async fn say<S>(mut grpc: Grpc<S>) -> Result<Bytes, Status>
where
    S: tonic::client::GrpcService<Body> + Send,
    S::Future: Send,
    S::Error: Send,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<auth_tower::BoxError>,
{
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::from_error(error.into()))?;
    let request = Request::new(Bytes::from_static(b"hello"));
    grpc.unary(request, path(), Plain)
        .await
        .map(|reply| reply.into_inner())
}

#[tokio::test]
async fn a_refusal_in_the_headers_is_replayed_with_or_without_the_watch() {
    let story = Story::start().await;
    let source = story.source::<TonicApi>();
    let grpc = watching(&story, &source);
    assert_eq!(say(grpc.clone()).await.unwrap(), "hello");
    story.issuer.expire_all_access_tokens();
    assert_eq!(say(grpc.clone()).await.unwrap(), "hello");
    assert_eq!((story.refreshes(), story.seen()), (2, (3, 1)));
    story.ends_well();
}

#[tokio::test]
async fn a_refusal_in_trailers_is_the_callers_and_the_next_call_has_another_token() {
    for place in [GrpcRefusal::Trailers, GrpcRefusal::TrailersAfterMessage] {
        let story = Story::start().await;
        story.resource.configure(|knobs| knobs.grpc_refusal = place);
        let source = story.source::<TonicApi>();
        let grpc = watching(&story, &source);
        assert_eq!(say(grpc.clone()).await.unwrap(), "hello");
        story.issuer.expire_all_access_tokens();
        let status = say(grpc.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!((story.refreshes(), story.seen()), (1, (2, 1)));
        assert_eq!(say(grpc.clone()).await.unwrap(), "hello");
        assert_eq!((story.refreshes(), story.seen()), (2, (3, 1)));
        story.ends_well();
    }
}

#[tokio::test]
async fn trailers_that_nobody_watches_reject_nothing() {
    let story = Story::start().await;
    story
        .resource
        .configure(|knobs| knobs.grpc_refusal = GrpcRefusal::Trailers);
    let base = story.resource.base_url();
    let source = story.source::<TonicApi>();
    let grpc = Grpc::new(layer(source.into(), &base).layer(channel(&base)));
    assert_eq!(say(grpc.clone()).await.unwrap(), "hello");
    story.issuer.expire_all_access_tokens();
    for seen in 2..4 {
        let status = say(grpc.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!((story.refreshes(), story.seen()), (1, (seen, seen - 1)));
    }
    story.ends_well();
}

#[tokio::test]
async fn a_layer_that_is_not_told_the_server_sends_nothing() {
    let story = Story::start().await;
    let base = story.resource.base_url();
    let source = story.source::<TonicApi>();
    source.warm_up().await.unwrap();
    let untold = AuthLayer::new(source).replay(RecordBody::new(1024, Body::new));
    let status = say(Grpc::new(untold.layer(channel(&base))))
        .await
        .unwrap_err();
    let error = AuthError::find(&status).expect("an error of the layer");
    assert_eq!(error.reason(), Reason::NoAuthority);
    assert_eq!(story.seen(), (0, 0));
    story.ends_well();
}
