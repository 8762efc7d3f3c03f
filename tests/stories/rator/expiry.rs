//! Tokens that end, and how the next one is had.

use std::time::Duration;

use auth_core::{ErrorKind, Secret, TokenSource};
use auth_rator::{Rator, RefreshMode};
use auth_testkit::Fault;

use super::{HALF_A_DAY, Story, TOKEN, good, refused};

#[tokio::test]
async fn a_token_that_ended_is_refreshed() {
    for story in Story::everywhere().await {
        for reuse in [true, false] {
            story
                .emulator
                .configure(|knobs| knobs.reuse_refresh_token = reuse);
            let before = story.grants();
            let source = story.source();
            for _ in 0..3 {
                good(&story, &source).await;
                story.clock.advance(HALF_A_DAY);
            }
            let after = story.grants();
            assert_eq!((after.0 - before.0, after.1 - before.1), (1, 2));
        }
        story.ends_well();
    }
}

#[tokio::test]
async fn a_login_without_refresh_tokens_is_repeated() {
    for story in Story::everywhere().await {
        let (operator, _) = story.emulator.operator();
        let source = story.build(story.rator().client_credentials_for(&operator));
        let first = good(&story, &source).await;
        story.clock.advance(HALF_A_DAY);
        assert_ne!(first, good(&story, &source).await);
        assert_eq!(story.emulator.ledger().count("client_credentials"), 2);
        assert_eq!(story.grants(), (0, 0));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refresh_can_be_ruled_out() {
    let story = Story::start().await;
    let config = story.config().refresh_mode(RefreshMode::Never);
    let rator = Rator::connect(config).unwrap();
    let source = story.build(rator.password(story.user()));
    good(&story, &source).await;
    story.clock.advance(HALF_A_DAY);
    good(&story, &source).await;
    assert_eq!(story.grants(), (2, 0));
    story.ends_well();
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_gives_way_to_the_login() {
    for story in Story::everywhere().await {
        let source = story.source();
        good(&story, &source).await;
        story.clock.advance(HALF_A_DAY);
        // Expired: status 401 at the token endpoint of the older servers, which is no refusal of an access token.
        story.emulator.expire_refresh_tokens();
        good(&story, &source).await;
        assert_eq!(story.grants(), (2, 1));

        story.clock.advance(HALF_A_DAY);
        story.emulator.revoke_refresh_tokens();
        good(&story, &source).await;
        assert_eq!(story.grants(), (3, 2));
        assert_eq!(story.emulator.ledger().requests(), 5);
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refused_refresh_token_and_nothing_else_means_to_log_in_again() {
    for story in Story::everywhere().await {
        for expired in [true, false] {
            good(&story, &story.source()).await;
            let refresh = story.emulator.refresh_tokens().pop().unwrap();
            let source = story.build(story.rator().refresh_token(refresh));
            let before = story.emulator.ledger().requests();
            match expired {
                true => story.emulator.expire_refresh_tokens(),
                false => story.emulator.revoke_refresh_tokens(),
            }
            for _ in 0..3 {
                let error = refused(&source).await;
                assert_eq!(error.kind(), ErrorKind::LoginRequired);
                assert!(error.to_string().contains("log in again"), "{error}");
                story.hides(&error);
            }
            assert_eq!(story.emulator.ledger().requests(), before + 1);
            story.clock.advance(HALF_A_DAY);
        }
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refresh_that_brings_no_refresh_token_keeps_the_old_one() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    let refresh = story.emulator.refresh_tokens()[0].clone();
    for member in ["", r#","refresh_token":null"#] {
        story.clock.advance(HALF_A_DAY);
        let body = format!(
            r#"{{"access_token":"made-up-token","token_type":"bearer","expires_in":43199{member}}}"#
        );
        story
            .emulator
            .server()
            .next_at(TOKEN, Fault::Json(200, body));
        source.token().await.unwrap();
    }
    story.clock.advance(HALF_A_DAY);
    good(&story, &source).await;
    let sent = story.emulator.ledger().last().unwrap();
    assert_eq!(
        sent.form_value("refresh_token").as_deref(),
        Some(refresh.expose())
    );
    story.ends_well();
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_gives_way_to_the_login() {
    for fault in [Fault::ResetAfter, Fault::Truncated] {
        let story = Story::start().await;
        let source = story.source();
        good(&story, &source).await;
        story.clock.advance(HALF_A_DAY);
        story.emulator.server().next_at(TOKEN, fault);
        good(&story, &source).await;
        assert_eq!(story.grants(), (2, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_without_an_end_is_used_until_it_is_refused() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.access_validity = None);
        let source = story.source();
        let first = good(&story, &source).await;
        story.clock.advance(100 * HALF_A_DAY);
        assert_eq!(first, good(&story, &source).await);
        story.emulator.revoke_access_token(&first);
        story.emulator.revoke_refresh_tokens();
        source.reject(&source.token().await.unwrap());
        assert_ne!(first, good(&story, &source).await);
        assert_eq!(story.grants(), (2, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_without_an_end_can_be_given_one() {
    let story = Story::start().await;
    story
        .emulator
        .configure(|knobs| knobs.access_validity = None);
    let config = story.config().assumed_lifetime(Duration::from_secs(600));
    let rator = Rator::connect(config).unwrap();
    let source = story.build(rator.password(story.user()));
    good(&story, &source).await;
    story.pass(599);
    good(&story, &source).await;
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn what_the_reply_says_is_the_time_that_is_left() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.reuse_access_token = true);
        let first = good(&story, &story.source()).await;
        // Another process logs in an hour before the end, and gets the very same token.
        story.clock.advance(HALF_A_DAY - Duration::from_secs(3600));
        let source = story.source();
        assert_eq!(first, good(&story, &source).await);
        assert_eq!(story.grants(), (2, 0));
        story.pass(3590);
        assert_eq!(first, good(&story, &source).await);
        story.pass(8);
        assert_ne!(first, good(&story, &source).await);
        assert_eq!(story.grants(), (2, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn an_unknown_refresh_token_is_not_shown() {
    for story in Story::everywhere().await {
        let source = story.build(
            story
                .rator()
                .refresh_token(Secret::new("planted-refresh-token")),
        );
        let error = refused(&source).await;
        assert_eq!(error.code(), Some("invalid_grant"));
        story.hides(&error);
        story.ends_well();
    }
}
