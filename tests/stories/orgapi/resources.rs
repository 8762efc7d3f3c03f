//! Calls of the API itself, through the layer.

use auth_core::{Cached, ErrorKind, TokenSource};
use auth_orgapi::resource_error;
use auth_testkit::Fault;
use auth_tower::{Auth, AuthError, AuthLayer, BoxError, Reason};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, ServiceExt};

use super::{DAY, DEMO, Story, TOKEN, good};

type Api = Auth<Client<HttpConnector, Full<Bytes>>>;

fn api(source: &Cached) -> Api {
    let client = Client::builder(TokioExecutor::new()).build_http();
    AuthLayer::new(source.clone()).layer(client)
}

async fn ask(api: &Api, address: &str) -> Result<Response<Bytes>, BoxError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .body(Full::from("made-up body"))?;
    let (head, body) = api.clone().oneshot(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

async fn status(api: &Api, address: &str) -> StatusCode {
    ask(api, address).await.unwrap().status()
}

#[tokio::test]
async fn calls_carry_the_token_and_share_it() {
    let story = Story::start().await;
    let api = api(&story.source());
    for _ in 0..3 {
        assert_eq!(status(&api, &story.emulator.demo_url()).await, 200);
    }
    assert_eq!(story.grants(), (1, 0));
    story.ends_well();
}

#[tokio::test]
async fn a_token_that_dies_in_mid_session_is_replaced_and_the_call_sent_again_once() {
    let story = Story::start().await;
    let source = story.source();
    let api = api(&source);
    let url = story.emulator.demo_url();
    assert_eq!(status(&api, &url).await, 200);

    let token = good(&story, &source).await;
    assert!(story.emulator.revoke_access_token(&token));
    assert_eq!(status(&api, &url).await, 200);
    // The refresh token was good, but one does not refresh a token that is dead.
    assert_eq!(story.grants(), (2, 0));

    story.emulator.expire_all_access_tokens();
    assert_eq!(status(&api, &url).await, 200);
    assert_eq!(story.grants(), (3, 0));

    let ledger = story.emulator.ledger();
    assert_eq!(ledger.answered(401), 2);
    let calls: Vec<_> = ledger.entries();
    let bodies = calls.iter().filter(|call| call.path() == DEMO);
    assert!(bodies.clone().all(|call| call.body() == "made-up body"));
    assert_eq!(bodies.count(), 5);
    story.ends_well();
}

#[tokio::test]
async fn a_token_that_ended_meanwhile_is_replaced_before_the_call() {
    let story = Story::start().await;
    let api = api(&story.source());
    let url = story.emulator.demo_url();
    assert_eq!(status(&api, &url).await, 200);
    story.clock.advance(DAY);
    assert_eq!(status(&api, &url).await, 200);
    assert_eq!(story.emulator.ledger().answered(401), 0);
    assert_eq!(story.grants(), (2, 0));
    story.ends_well();
}

#[tokio::test]
async fn a_second_refusal_goes_to_the_caller() {
    let story = Story::start().await;
    let api = api(&story.source());
    let body = r#"{"error":{"message":"planted"}}"#.to_owned();
    story
        .emulator
        .server()
        .always_at(DEMO, Fault::Json(401, body));
    let answer = ask(&api, &story.emulator.demo_url()).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(story.grants(), (2, 0));
    let ledger = story.emulator.ledger();
    assert_eq!(
        ledger.entries().iter().filter(|e| e.path() == DEMO).count(),
        2
    );

    let error = resource_error(answer.status(), answer.headers(), answer.body());
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!format!("{error} {error:?}").contains("planted"));
    story.ends_well();
}

#[tokio::test]
async fn a_secret_that_was_changed_in_the_console_is_a_matter_of_configuration() {
    let story = Story::start().await;
    let source = story.source();
    let api = api(&source);
    let url = story.emulator.demo_url();
    assert_eq!(status(&api, &url).await, 200);
    story
        .emulator
        .client(&story.emulator.client_id(), "changed-secret");
    story.emulator.expire_all_access_tokens();

    for reason in [Reason::NextToken, Reason::Token] {
        let error = ask(&api, &url).await.unwrap_err();
        let error = AuthError::find(&*error).expect("an error of the layer");
        assert_eq!(
            (error.reason(), error.kind()),
            (reason, ErrorKind::Configuration)
        );
        assert_eq!(error.cause().code(), Some("invalid_client"));
    }
    // The server was asked once; the second caller got the error that is known.
    assert_eq!(
        story
            .emulator
            .ledger()
            .entries()
            .iter()
            .filter(|e| e.path() == TOKEN)
            .count(),
        2
    );
    story.ends_well();
}

#[tokio::test]
async fn a_renewal_in_time_lets_no_call_fail() {
    let story = Story::start().await;
    let source = story.source();
    let api = api(&source);
    for _ in 0..3 {
        assert_eq!(status(&api, &story.emulator.demo_url()).await, 200);
        story.nearly_a_day();
    }
    assert_eq!(story.grants(), (1, 2));
    assert_eq!(story.emulator.ledger().answered(401), 0);
    story.ends_well();
}

#[tokio::test]
async fn what_the_api_refuses_is_told_without_its_words() {
    let story = Story::start().await;
    let source = story.source();
    let api = api(&source);
    let missing = format!("{}/api/v1/organization/missing", story.emulator.base_url());
    let answer = ask(&api, &missing).await.unwrap();
    let error = resource_error(answer.status(), answer.headers(), answer.body());
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!error.to_string().contains("entity"), "{error}");

    story.emulator.configure(|knobs| {
        knobs.rate_limit = Some(0);
        knobs.retry_after = Some("7".to_owned());
    });
    let answer = ask(&api, &story.emulator.demo_url()).await.unwrap();
    let error = resource_error(answer.status(), answer.headers(), answer.body());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(7));
    story.ends_well();
}

#[tokio::test]
async fn the_token_goes_to_no_other_server() {
    let (story, other) = (Story::start().await, Story::start().await);
    let source = story.source();
    let token = source.token().await.unwrap();
    let error = ask(&api(&source), &other.emulator.demo_url()).await;
    let error = error.unwrap_err();
    let error = AuthError::find(&*error).expect("an error of the layer");
    assert_eq!(error.reason(), Reason::ForeignOrigin);
    assert!(!format!("{error:?}").contains(token.access().expose()));
    assert_eq!(other.emulator.ledger().requests(), 0);
    story.ends_well();
}
