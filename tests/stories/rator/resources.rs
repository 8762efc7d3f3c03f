//! Calls of the API itself, through the layer.

use auth_core::{Cached, MemoryStore};
use auth_rator::{Rator, RefreshMode};
use auth_testkit::Fault;
use auth_tower::{Auth, AuthLayer, BoxError};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, ServiceExt};

use super::{BALANCE, HALF_A_DAY, Story, good};

pub(super) type Api = Auth<Client<HttpConnector, Full<Bytes>>>;

pub(super) fn api(source: &Cached) -> Api {
    let client = Client::builder(TokioExecutor::new()).build_http();
    AuthLayer::new(source.clone()).layer(client)
}

pub(super) async fn ask(api: &Api, address: &str) -> Result<StatusCode, BoxError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .header("accept", "application/json")
        .header("accept-language", "DK")
        .body(Full::from("made-up body"))?;
    Ok(api.clone().oneshot(request).await?.status())
}

pub(super) async fn status(api: &Api, address: &str) -> StatusCode {
    ask(api, address).await.unwrap()
}

#[tokio::test]
async fn every_call_carries_token_and_brand() {
    for story in Story::everywhere().await {
        let api = api(&story.source());
        for _ in 0..3 {
            assert_eq!(status(&api, &story.emulator.demo_url()).await, 200);
        }
        let ledger = story.emulator.ledger();
        let entries = ledger.entries();
        let calls: Vec<_> = entries
            .iter()
            .filter(|call| call.path() == BALANCE)
            .collect();
        assert_eq!(calls.len(), 3);
        for call in calls {
            assert_eq!(call.header("x-rator-brand-key"), Some("BRAND1"));
            assert_eq!(call.header("accept-language"), Some("DK"));
        }
        assert_eq!(story.grants(), (1, 0));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_that_dies_in_mid_session_is_replaced_and_the_call_sent_again_once() {
    for story in Story::everywhere().await {
        let source = story.source();
        let api = api(&source);
        let url = story.emulator.demo_url();
        assert_eq!(status(&api, &url).await, 200);
        let token = good(&story, &source).await;
        assert!(story.emulator.revoke_access_token(&token));
        assert_eq!(status(&api, &url).await, 200);
        assert_eq!(story.grants(), (1, 1));

        let ledger = story.emulator.ledger();
        assert_eq!(ledger.answered(401), 1);
        let calls = ledger.entries();
        let bodies = calls.iter().filter(|call| call.path() == BALANCE);
        assert!(bodies.clone().all(|call| call.body() == "made-up body"));
        assert_eq!(bodies.count(), 3);
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_that_ended_is_replaced_before_the_call() {
    let story = Story::start().await;
    let api = api(&story.source());
    let url = story.emulator.demo_url();
    assert_eq!(status(&api, &url).await, 200);
    story.clock.advance(HALF_A_DAY);
    assert_eq!(status(&api, &url).await, 200);
    assert_eq!(story.emulator.ledger().answered(401), 0);
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn a_second_refusal_goes_to_the_caller() {
    let story = Story::start().await;
    let api = api(&story.source());
    story
        .emulator
        .server()
        .always_at(BALANCE, Fault::Empty(401));
    assert_eq!(status(&api, &story.emulator.demo_url()).await, 401);
    let calls = story.emulator.ledger().entries();
    assert_eq!(
        calls.iter().filter(|call| call.path() == BALANCE).count(),
        2
    );
}

#[tokio::test]
async fn what_another_token_would_not_mend_goes_to_the_caller_at_once() {
    let story = Story::start().await;
    let api = api(&story.source());
    for (name, expected) in [("missing", 404), ("forbidden", 403)] {
        let url = format!("{}/{name}", story.emulator.api_url());
        assert_eq!(status(&api, &url).await, expected);
    }
    assert_eq!(story.emulator.ledger().requests(), 3);
    story.ends_well();
}

#[tokio::test]
async fn two_processes_share_what_one_of_them_obtained() {
    for story in Story::everywhere().await {
        let store = MemoryStore::new();
        let key = story.config().store_key("alice");
        let process = || {
            let builder = story.rator().password(story.user());
            story.build(builder.store(store.clone(), key.clone()))
        };
        let (one, other) = (process(), process());
        assert_eq!(good(&story, &one).await, good(&story, &other).await);
        story.clock.advance(HALF_A_DAY);
        good(&story, &one).await;
        assert_eq!(status(&api(&other), &story.emulator.demo_url()).await, 200);
        assert_eq!(story.grants(), (1, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refresh_by_somebody_else_is_found_in_the_store_after_the_refusal() {
    let story = Story::start().await;
    let store = MemoryStore::new();
    let key = story.config().store_key("alice");
    let process = || {
        let builder = story.rator().password(story.user());
        story.build(builder.store(store.clone(), key.clone()))
    };
    let (one, other) = (process(), process());
    let (apis, url) = ((api(&one), api(&other)), story.emulator.demo_url());
    assert_eq!(status(&apis.0, &url).await, 200);
    assert_eq!(status(&apis.1, &url).await, 200);
    one.renew_now().await.unwrap();
    // The other one's token died with that.
    assert_eq!(status(&apis.1, &url).await, 200);
    assert_eq!(story.emulator.ledger().answered(401), 1);
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn without_a_store_repeated_logins_leave_the_token_of_others_alone() {
    let story = Story::start().await;
    let process = || {
        let config = story.config().refresh_mode(RefreshMode::Never);
        story.build(Rator::connect(config).unwrap().password(story.user()))
    };
    let (one, other) = (process(), process());
    for _ in 0..4 {
        assert_eq!(good(&story, &one).await, good(&story, &other).await);
        story.clock.advance(HALF_A_DAY);
    }
    assert_eq!(story.grants(), (8, 0));
    story.ends_well();
}
