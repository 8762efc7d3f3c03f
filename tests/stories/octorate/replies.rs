//! Both generations of replies, dates in every style, and clocks that differ.

use std::time::Duration;

use auth_core::{Clock, TokenSource};
use auth_testkit::{DateStyle, Fault, ReplyGeneration};

use super::{DAY, REFRESH, Story, good};

/// Returns how long the token in use is believed to last.
async fn lifetime(story: &Story, source: &dyn TokenSource) -> Option<Duration> {
    good(story, source).await;
    source
        .token()
        .await
        .unwrap()
        .lifetime()
        .map(|life| life.length())
}

#[tokio::test]
async fn both_generations_and_every_style_of_date_tell_the_same() {
    for generation in [
        ReplyGeneration::Legacy,
        ReplyGeneration::Modern,
        ReplyGeneration::Mixed,
    ] {
        for style in [DateStyle::Millis, DateStyle::Seconds, DateStyle::IxdtfUtc] {
            let story = Story::start().await;
            story.emulator.configure(|knobs| {
                knobs.generation = generation;
                knobs.date_style = style;
            });
            let property = story.authorized().await;
            for _ in 0..2 {
                let length = lifetime(&story, &property).await.unwrap();
                let apart = DAY.abs_diff(length);
                assert!(
                    apart <= Duration::from_secs(1),
                    "{generation:?} {style:?} {length:?}"
                );
                story.clock.advance(DAY);
            }
            story.ends_well();
        }
    }
}

#[tokio::test]
async fn a_clock_that_differs_changes_nothing_while_the_server_tells_its_own() {
    for offset in [-200_000, -3600, 3600, 200_000] {
        let story = Story::start().await;
        story
            .emulator
            .configure(|knobs| knobs.server_clock_offset = offset);
        let property = story.authorized().await;
        let length = lifetime(&story, &property).await.unwrap();
        assert!(
            DAY.abs_diff(length) <= Duration::from_secs(1),
            "{offset} {length:?}"
        );
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_that_seems_to_be_over_is_used_until_it_is_refused() {
    let story = Story::start().await;
    story.emulator.configure(|knobs| {
        knobs.server_clock_offset = -200_000;
        knobs.send_date_header = false;
    });
    let property = story.authorized().await;
    for _ in 0..5 {
        assert_eq!(lifetime(&story, &property).await, None);
    }
    assert_eq!(story.count("refresh"), 0, "no loop");
    let token = property.token().await.unwrap();
    story.emulator.expire_all_access_tokens();
    property.reject(&token);
    good(&story, &property).await;
    assert_eq!(story.count("refresh"), 1);
    story.ends_well();
}

#[tokio::test]
async fn odd_replies_are_read_all_the_same() {
    for (reply, access, seconds) in [
        (r#"{"accessToken":"a1"}"#, "a1", None),
        (r#"{"access_token":"","accessToken":"a2"}"#, "a2", None),
        (r#"{"access_token":"a3","accessToken":"other"}"#, "a3", None),
        (
            r#"{"access_token":"a4","expireDate":"garbage"}"#,
            "a4",
            None,
        ),
        (
            r#"{"access_token":"a5","expireDate":"garbage","expires_in":60}"#,
            "a5",
            Some(60),
        ),
        (
            r#"{"access_token":"a6","expires_in":"3600","expireDate":"2099-01-01T00:00:00Z"}"#,
            "a6",
            Some(3600),
        ),
        (
            r#"{"access_token":"a7","token_type":"BEARER","expires_in":60,"refresh_token":null}"#,
            "a7",
            Some(60),
        ),
    ] {
        let story = Story::start().await;
        let property = story.authorized().await;
        let stored = story.stored().await;
        story.clock.advance(DAY);
        story
            .emulator
            .server()
            .next_at(REFRESH, Fault::Json(200, reply.to_owned()));
        let token = property.token().await.unwrap();
        assert_eq!(token.access().expose(), access);
        let length = token.lifetime().map(|life| life.length().as_secs());
        assert_eq!(length, seconds, "{reply}");
        assert_eq!(story.stored().await, stored, "{reply}");
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_replaces_the_one_held() {
    let story = Story::start().await;
    let property = story.authorized().await;
    story.clock.advance(DAY);
    let reply = r#"{"access_token":"a1","expires_in":60,"refresh_token":"another"}"#;
    story
        .emulator
        .server()
        .next_at(REFRESH, Fault::Json(200, reply.to_owned()));
    property.token().await.unwrap();
    assert_eq!(story.stored().await.as_deref(), Some("another"));
    assert!(story.clock.monotonic() >= DAY);
}
