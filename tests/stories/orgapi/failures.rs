//! What goes wrong at the token endpoint, and what becomes of it.

use std::time::Duration;

use auth_core::{Error, ErrorKind, Sent, TokenSource};
use auth_testkit::Fault;

use super::{DAY, Story, TOKEN, good, refused};

fn json(status: u16, body: &str) -> Fault {
    Fault::Json(status, body.to_owned())
}

/// Checks that nothing of what the server said, and nothing of an address, is shown.
fn shows_nothing(error: &Error, story: &Story) {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    for secret in [story.emulator.client_secret()]
        .iter()
        .chain(&story.emulator.refresh_tokens())
    {
        assert!(!text.contains(secret.expose()), "a secret is shown");
    }
    assert!(!text.contains("grant_type"), "an address is shown: {text}");
    assert!(!text.contains("planted"), "a body is shown: {text}");
}

#[tokio::test]
async fn a_client_that_the_server_does_not_know_is_not_tried_again() {
    for status in [400, 401] {
        let story = Story::start().await;
        let config = story.config();
        story.emulator.client("id_demo", "another-secret");
        story
            .emulator
            .configure(|knobs| knobs.invalid_client_status = status);
        let source = story.source_of(config);
        for _ in 0..3 {
            let error = refused(&source).await;
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.code(), Some("invalid_client"));
            assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
            assert!(error.to_string().contains("region"), "{error}");
            story.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(story.grants(), (1, 0));
    }
}

#[tokio::test]
async fn a_client_that_may_not_use_the_api_is_told_so() {
    let story = Story::start().await;
    let body = r#"{"error":"unauthorized_client","error_description":"planted"}"#;
    story.emulator.server().always_at(TOKEN, json(400, body));
    let source = story.source();
    for _ in 0..2 {
        let error = refused(&source).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.code(), Some("unauthorized_client"));
        shows_nothing(&error, &story);
    }
    assert_eq!(story.emulator.ledger().requests(), 1);
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_gives_way_to_the_clients_credentials() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.emulator.revoke_refresh_tokens();
    story.nearly_a_day();
    good(&story, &source).await;
    assert_eq!(story.grants(), (2, 1));
    story.ends_well();
}

#[tokio::test]
async fn a_refresh_whose_outcome_is_unknown_gives_way_to_the_clients_credentials() {
    // Each time the refresh token was spent, or may have been.
    let faults = [
        Fault::ResetAfter,
        Fault::ResetMidBody,
        Fault::Truncated,
        Fault::Html(502),
        Fault::Empty(504),
    ];
    for fault in faults {
        let name = format!("{fault:?}");
        let story = Story::start().await;
        let source = story.source();
        good(&story, &source).await;
        story.nearly_a_day();
        story.emulator.server().next_at(TOKEN, fault);
        good(&story, &source).await;
        assert_eq!(story.grants().0, 2, "{name}");
        assert_eq!(story.emulator.ledger().requests(), 3, "{name}");
        story.ends_well();
    }
}

#[tokio::test]
async fn a_second_failure_is_not_followed_by_a_third_request() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.nearly_a_day();
    let server = story.emulator.server();
    server.next_at(TOKEN, json(400, r#"{"error":"invalid_grant"}"#));
    server.next_at(TOKEN, json(400, r#"{"error":"invalid_client"}"#));
    // The token held is good for ten seconds more.
    good(&story, &source).await;
    assert_eq!(story.emulator.ledger().requests(), 3);
    let status = source.status();
    let error = status.last_error.unwrap();
    assert_eq!(error.code(), Some("invalid_client"));
    story.ends_well();
}

#[tokio::test]
async fn many_tasks_refresh_once() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.nearly_a_day();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.token().await.unwrap().generation() })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn another_region_is_named_and_nothing_is_sent_there() {
    let (story, other) = (Story::start().await, Story::start().await);
    other.emulator.ledger().foreign(story.emulator.ledger());
    let source = story.source();
    good(&story, &source).await;
    for status in [301, 302, 303, 307, 308] {
        story.clock.advance(DAY);
        let location = format!(
            "{}?grant_type=client_credentials&planted=1",
            other.emulator.token_url()
        );
        let server = story.emulator.server();
        server.next_at(TOKEN, Fault::Redirect { status, location });
        let error = refused(&source).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.code(), Some("wrong_region"));
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
        shows_nothing(&error, &story);
    }
    assert_eq!(other.emulator.ledger().requests(), 0);
    story.ends_well();
    other.ends_well();
}

#[tokio::test]
async fn the_documented_redirect_to_a_region_is_understood() {
    let story = Story::start().await;
    story
        .emulator
        .configure(|knobs| knobs.wrong_region = Some("lon1.blynk.cloud".to_owned()));
    let error = refused(&story.source()).await;
    assert_eq!(error.code(), Some("wrong_region"));
    assert!(error.to_string().contains("lon1.blynk.cloud"), "{error}");
    shows_nothing(&error, &story);
    story.ends_well();
}

#[tokio::test]
async fn the_wait_that_a_limit_asks_for_is_kept() {
    let story = Story::start().await;
    let limit = |most| {
        story.emulator.configure(|knobs| {
            knobs.rate_limit = most;
            knobs.retry_after = Some("120".to_owned());
        });
    };
    limit(Some(0));
    let source = story.source();
    let error = refused(&source).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    limit(None);
    story.clock.advance(Duration::from_secs(119));
    assert_eq!(
        refused(&source).await.status().map(|s| s.as_u16()),
        Some(429)
    );
    assert_eq!(story.emulator.ledger().requests(), 1);
    story.clock.advance(Duration::from_secs(2));
    good(&story, &source).await;
    story.ends_well();
}

#[tokio::test]
async fn an_answer_of_a_proxy_is_waited_out() {
    let table = [
        (Fault::Html(502), ErrorKind::Unavailable),
        (Fault::Html(503), ErrorKind::Unavailable),
        (Fault::Empty(504), ErrorKind::Unavailable),
        (
            Fault::TooMany {
                retry_after: "nonsense".to_owned(),
            },
            ErrorKind::Unavailable,
        ),
        (Fault::Html(200), ErrorKind::Protocol),
        (Fault::Empty(200), ErrorKind::Protocol),
        (Fault::WrongTypes, ErrorKind::Protocol),
        (
            json(200, r#"{"access_token":"planted"#),
            ErrorKind::Protocol,
        ),
    ];
    for (fault, kind) in table {
        let name = format!("{fault:?}");
        let story = Story::start().await;
        story.emulator.server().next(fault);
        let source = story.source();
        let error = refused(&source).await;
        assert_eq!(
            (error.kind(), error.sent()),
            (kind, Sent::Answered),
            "{name}"
        );
        shows_nothing(&error, &story);
        // The same error until the pause is over, and then another try.
        refused(&source).await;
        assert_eq!(story.emulator.ledger().requests(), 1, "{name}");
        story.clock.advance(Duration::from_secs(301));
        good(&story, &source).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn an_error_of_the_other_shape_is_read_too() {
    let story = Story::start().await;
    let body = r#"{"error":{"message":"planted"}}"#;
    story.emulator.server().next(json(400, body));
    let error = refused(&story.source()).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    shows_nothing(&error, &story);
    story.ends_well();
}

#[tokio::test]
async fn a_token_that_is_good_is_used_while_its_renewal_fails() {
    let story = Story::start().await;
    let source = story.source();
    let first = good(&story, &source).await;
    story.nearly_a_day();
    story.emulator.server().always_at(TOKEN, Fault::Empty(503));
    assert_eq!(good(&story, &source).await, first);
    assert_eq!(story.emulator.ledger().requests(), 2);
    story.emulator.server().clear();
    story.clock.advance(Duration::from_secs(5));
    // The refresh token was not spent, and the access token has five seconds left.
    assert_ne!(good(&story, &source).await, first);
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}
