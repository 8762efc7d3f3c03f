//! The life of one client: tokens end, die in mid-session, and are for one server.

use auth_core::ErrorKind;
use auth_testkit::Resource;
use auth_tower::{AuthError, Reason};

use std::sync::Arc;

use super::{Answer, Api, BODY, Call, LIFETIME, STREAMED, Story, WELL, called, for_each_client};

for_each_client!(
    a_token_that_ended_is_replaced_before_the_call,
    a_token_that_dies_in_mid_session_is_replaced_and_the_call_replayed_once,
    a_body_that_is_read_once_is_not_replayed_and_the_next_call_works,
    a_foreign_origin_is_sent_nothing,
    a_login_that_is_over_is_told_to_the_caller,
    fault_29_a_new_token_that_is_there_already_is_used_for_the_replay,
);

async fn a_token_that_ended_is_replaced_before_the_call<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    for round in 1..=3 {
        assert_eq!(called(&api, Call::Whole).await, WELL);
        assert_eq!(called(&api, Call::Whole).await, WELL);
        assert_eq!(story.refreshes(), round);
        story.clock.advance(LIFETIME);
    }
    assert_eq!(story.seen(), (6, 0));
    story.ends_well();
}

async fn a_token_that_dies_in_mid_session_is_replaced_and_the_call_replayed_once<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story.issuer.expire_all_access_tokens();
    assert_eq!(called(&api, Call::Whole).await, WELL);
    assert_eq!(story.refreshes(), 2);
    // The first call, the refused one, and its replay, with the whole body each time.
    assert_eq!(story.seen(), (3, 1));
    let bodies = story.resource.bodies();
    assert!(bodies.iter().all(|body| body.ends_with(BODY.as_bytes())));
    assert!(bodies.iter().all(|body| body.len() == bodies[0].len()));
    assert_eq!(called(&api, Call::Whole).await, WELL);
    assert_eq!((story.refreshes(), story.seen()), (2, (4, 1)));
    story.ends_well();
}

async fn a_body_that_is_read_once_is_not_replayed_and_the_next_call_works<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    let well = Answer {
        status: 200,
        echo: Some(STREAMED),
    };
    assert_eq!(called(&api, Call::Streamed).await, well);
    story.issuer.expire_all_access_tokens();
    assert_eq!(called(&api, Call::Streamed).await.status, 401);
    assert_eq!(story.seen(), (2, 1));
    assert_eq!(called(&api, Call::Streamed).await, well);
    assert_eq!(called(&api, Call::Whole).await, WELL);
    assert_eq!((story.refreshes(), story.seen()), (2, (4, 1)));
    story.ends_well();
}

async fn a_foreign_origin_is_sent_nothing<A: Api>() {
    let story = Story::start().await;
    let source = story.source::<A>();
    source.warm_up().await.unwrap();
    let clock = Arc::new(story.clock.clone());
    let other = Resource::start(clock, story.issuer.acceptor())
        .await
        .unwrap();
    let api = A::over(source.into(), &other.base_url(), &story.gate);
    for call in [Call::Whole, Call::Streamed] {
        let error = api.call(call).await.unwrap_err();
        let error = AuthError::find(&*error).expect("an error of the layer");
        assert_eq!(error.reason(), Reason::ForeignOrigin);
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    assert_eq!((other.requests(), other.ledger().connections()), (0, 0));
    story.ends_well();
}

async fn a_login_that_is_over_is_told_to_the_caller<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story.issuer.revoke_refresh_tokens();
    story.issuer.expire_all_access_tokens();
    for reason in [Reason::NextToken, Reason::Token] {
        let error = api.call(Call::Whole).await.unwrap_err();
        let error = AuthError::find(&*error).expect("an error of the layer");
        assert_eq!(error.reason(), reason);
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
    }
    // The second caller got the error that is known; the server was not asked again.
    assert_eq!((story.refreshes(), story.seen()), (2, (2, 1)));
    story.ends_well();
}

async fn fault_29_a_new_token_that_is_there_already_is_used_for_the_replay<A: Api>() {
    let story = Story::start().await;
    let source = story.source::<A>();
    let api: A = story.api(&source);
    assert_eq!(called(&api, Call::Whole).await, WELL);

    story.gate.close();
    let late = tokio::spawn({
        let api = api.clone();
        async move { called(&api, Call::Whole).await }
    });
    story.gate.until_waiting(1).await;
    story.issuer.expire_all_access_tokens();
    source.renew_now().await.unwrap();
    story.gate.open();
    assert_eq!(late.await.unwrap(), WELL);
    assert_eq!((story.refreshes(), story.seen()), (2, (3, 1)));
    story.ends_well();
}
