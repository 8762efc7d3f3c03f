//! Asked before its end, the server hands the same token out again. That must not become a loop.

use std::time::Duration;

use auth_core::{Cached, Peek, TokenSource};
use auth_rator::{Rator, RatorPreset, RefreshMode};
use auth_testkit::{Fault, RatorProfile};

use super::{
    BALANCE, HALF_A_DAY, PROFILES, Story, good,
    resources::{api, status},
};

/// Returns a source that can do nothing but repeat the login.
fn repeating(story: &Story) -> Cached {
    let config = story.config().refresh_mode(RefreshMode::Never);
    story.build(Rator::connect(config).unwrap().password(story.user()))
}

async fn reusing(profile: RatorProfile, preset: RatorPreset) -> Story {
    let story = Story::of(profile, preset).await;
    story
        .emulator
        .configure(|knobs| knobs.reuse_access_token = true);
    story
}

/// Asks for a token at every `step`, for so long, and checks that it is always good.
async fn live(story: &Story, source: &Cached, step: Duration, length: Duration) {
    let mut gone = Duration::ZERO;
    while gone < length {
        good(story, source).await;
        story.clock.advance(step);
        gone += step;
    }
}

#[tokio::test]
async fn a_long_run_asks_a_few_times_for_each_token() {
    for profile in PROFILES {
        for preset in [RatorPreset::V3, RatorPreset::V17] {
            let story = reusing(profile, preset).await;
            let source = repeating(&story);
            let day = 2 * HALF_A_DAY;
            live(&story, &source, Duration::from_secs(61), 3 * day).await;
            let (asked, refreshed) = story.grants();
            // Six tokens; for each a first request, and at most a few in its last five seconds.
            assert!((6..=6 * 4).contains(&asked), "{asked}");
            assert_eq!(refreshed, 0);
            story.ends_well();
        }
    }
}

#[tokio::test]
async fn the_last_seconds_are_no_loop_either_and_no_caller_notices() {
    for profile in PROFILES {
        let story = reusing(profile, RatorPreset::V3).await;
        let source = repeating(&story);
        let (api, url) = (api(&source), story.emulator.demo_url());
        assert_eq!(status(&api, &url).await, 200);
        story.clock.advance(HALF_A_DAY - Duration::from_secs(10));
        // Every twentieth of a second, over the end of the token.
        for _ in 0..400 {
            assert_eq!(status(&api, &url).await, 200);
            story.clock.advance(Duration::from_millis(50));
        }
        let (asked, _) = story.grants();
        assert!((2..=12).contains(&asked), "{asked}");
        story.ends_well();
    }
}

#[tokio::test]
async fn a_token_that_is_nearly_over_when_it_comes_is_used_to_its_end() {
    for left in [1, 2, 5, 6, 20] {
        let story = reusing(RatorProfile::LegacyUuid, RatorPreset::V3).await;
        let first = good(&story, &repeating(&story)).await;
        story.clock.advance(HALF_A_DAY - Duration::from_secs(left));
        let source = repeating(&story);
        for _ in 0..1000 {
            assert_eq!(first, good(&story, &source).await);
        }
        let (asked, _) = story.grants();
        assert!(asked <= 4, "{left} s left: {asked}");
        story.pass(left + 1);
        assert_ne!(first, good(&story, &source).await);
    }
}

#[tokio::test]
async fn a_refusal_of_a_token_that_the_server_hands_out_again_is_no_loop() {
    for profile in PROFILES {
        let story = reusing(profile, RatorPreset::V3).await;
        let source = repeating(&story);
        let api = api(&source);
        let first = good(&story, &source).await;
        let refusal = Fault::Json(401, r#"{"error":"invalid_token"}"#.to_owned());
        story.emulator.server().always_at(BALANCE, refusal);
        for _ in 0..300 {
            assert_eq!(status(&api, &story.emulator.demo_url()).await, 401);
            story.clock.advance(Duration::from_millis(100));
        }
        // Thirty seconds of refusals: the pause doubles from a second on.
        let (asked, _) = story.grants();
        assert!((2..=20).contains(&asked), "{asked}");

        story.emulator.server().clear();
        assert_eq!(status(&api, &story.emulator.demo_url()).await, 200);
        let before = story.grants().0;
        live(
            &story,
            &source,
            Duration::from_secs(60),
            Duration::from_secs(3600),
        )
        .await;
        assert_eq!(first, good(&story, &source).await);
        assert!(story.grants().0 <= before + 1);
        story.ends_well();
    }
}

#[tokio::test]
async fn nothing_is_asked_for_early() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.clock.advance(HALF_A_DAY - Duration::from_secs(6));
    let mut held = auth_core::Held::new();
    // The server said 43,199 s, so its last five begin now.
    assert_eq!(source.peek(&mut held), Peek::Absent);
    assert_eq!(story.grants(), (1, 0));

    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.clock.advance(HALF_A_DAY - Duration::from_secs(7));
    assert_eq!(source.peek(&mut held), Peek::Ready);
}
