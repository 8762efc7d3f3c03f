//! Calls of the API itself, through the layer.

use auth_core::ErrorKind;
use auth_octorate::{PropertySource, resource_error};
use auth_testkit::Fault;
use auth_tower::{Auth, AuthLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, ServiceExt};

use super::{Story, good};

type Api = Auth<Client<HttpConnector, Full<Bytes>>>;

const DEMO: &str = "/connect/rest/v1/demo";

fn api(source: &PropertySource) -> Api {
    let client = Client::builder(TokioExecutor::new()).build_http();
    AuthLayer::new(source.clone()).layer(client)
}

async fn ask(story: &Story, api: &Api) -> Response<Bytes> {
    let request = Request::post(story.emulator.demo_url());
    let request = request.body(Full::from("made-up body")).unwrap();
    let (head, body) = api.clone().oneshot(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_token_that_dies_in_mid_session_is_refreshed_and_the_call_sent_again_once() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let api = api(&property);
    assert_eq!(ask(&story, &api).await.status(), 200);
    assert!(
        story
            .emulator
            .revoke_access_token(&good(&story, &property).await)
    );
    assert_eq!(ask(&story, &api).await.status(), 200);
    assert_eq!(story.count("refresh"), 1);
    let ledger = story.emulator.ledger();
    assert_eq!(ledger.answered(401), 1);
    let calls: Vec<_> = ledger
        .entries()
        .into_iter()
        .filter(|call| call.path() == DEMO)
        .collect();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.body() == "made-up body"));
    story.ends_well();
}

#[tokio::test]
async fn a_403_is_never_taken_for_an_ended_token() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let api = api(&property);
    for (quota, kind, code) in [
        (Some(0), ErrorKind::Unavailable, "ApiQuotaException"),
        (None, ErrorKind::Configuration, "WrongEnviroment"),
    ] {
        story.emulator.configure(|knobs| {
            knobs.quota = quota;
            knobs.wrong_environment = quota.is_none();
        });
        let answer = ask(&story, &api).await;
        assert_eq!(answer.status(), 403);
        let error = resource_error(answer.status(), answer.headers(), answer.body());
        assert_eq!((error.kind(), error.code()), (kind, Some(code)));
    }
    assert_eq!(story.count("refresh"), 0);
    assert_eq!(
        story.emulator.ledger().answered(403),
        2,
        "nothing is sent again"
    );
    story.ends_well();
}

#[tokio::test]
async fn other_answers_go_to_the_caller() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let api = api(&property);
    story
        .emulator
        .configure(|knobs| knobs.sandbox_unreachable = true);
    let answer = ask(&story, &api).await;
    let error = resource_error(answer.status(), answer.headers(), answer.body());
    assert_eq!(
        (error.kind(), answer.status().as_u16()),
        (ErrorKind::Configuration, 404)
    );
    let text = error.to_string();
    assert!(
        text.contains("address") && text.contains("sandbox"),
        "{text}"
    );

    story.emulator.server().next_at(DEMO, Fault::Status(550));
    let answer = ask(&story, &api).await;
    let error = resource_error(answer.status(), answer.headers(), answer.body());
    assert_eq!(
        (error.kind(), answer.status().as_u16()),
        (ErrorKind::Unavailable, 550)
    );
    assert_eq!(story.count("refresh"), 0);
}
