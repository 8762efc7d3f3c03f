//! A token endpoint that is dead for ten minutes while the token held is good.

use std::time::Duration;

use auth_core::{Clock, Error, ErrorKind, TokenSource};
use auth_testkit::ManualClock;

use super::front::{Front, HOUR, Numbered, builder};
use crate::engine::until;

const OUTAGE: Duration = Duration::from_secs(600);
/// The longest pause of the default policy.
const LONGEST: Duration = Duration::from_secs(300);
/// How long before its end a token is renewed: longer than the outage and the longest pause together.
const WINDOW: Duration = Duration::from_secs(1_200);
const CLIENTS: usize = 20;

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the endpoint is away")
}

/// Runs through an outage that begins when the token should be renewed, and returns each pause and its step.
async fn endured() -> Vec<(Duration, Duration)> {
    let clock = ManualClock::new();
    let grant = Numbered::new(2 * HOUR);
    let mut policy = auth_core::Policy::default();
    policy.advisory.time = WINDOW;
    policy.jitter = 0.0;
    let source = builder(&grant, &clock).policy(policy).build();
    let mut front = Front::new(&source);
    assert_eq!(front.sends().await, "t-1");
    clock.advance(2 * HOUR - WINDOW);

    let end = clock.monotonic() + OUTAGE;
    let (mut pauses, mut step) = (Vec::new(), Duration::from_secs(1));
    while clock.monotonic() < end {
        grant.fails(away());
        let attempts = grant.calls() + 1;
        // Many callers in each step: all of them get the token, and one attempt is made.
        let failed = async || {
            assert_eq!(front.sends().await, "t-1");
            source.status().next_attempt.is_some()
        };
        until("the attempt failed", failed).await;
        let pause = source.status().next_attempt.unwrap();
        pauses.push((pause, step));
        step = (2 * step).min(LONGEST);
        for part in 0..10 {
            assert_eq!(front.sends().await, "t-1", "a tenth {part} of the pause");
            assert_eq!(grant.calls(), attempts, "one attempt for a step");
            clock.advance(pause / 10);
        }
        clock.advance(pause - pause / 10 * 10);
    }
    // The endpoint is back, and the first attempt after the pause brings a token.
    let calls = grant.calls();
    let renewed = async || front.sends().await != "t-1";
    until("the token is a new one", renewed).await;
    assert_eq!(grant.calls(), calls + 1);
    assert!(source.status().last_error.is_none());
    source.token().await.unwrap();
    pauses
}

#[tokio::test]
async fn fault_01_an_endpoint_that_is_dead_for_ten_minutes_costs_no_request() {
    let mut shares = Vec::new();
    for _ in 0..CLIENTS {
        for (pause, step) in endured().await {
            assert!(pause <= step, "{pause:?} of {step:?}");
            assert!(pause >= step / 10, "{pause:?} of {step:?}");
            assert!(pause <= LONGEST);
            shares.push(pause.as_secs_f64() / step.as_secs_f64());
        }
    }
    // Full jitter: a pause lies anywhere in its step, so clients that failed together do not come back together.
    for third in 0..3 {
        let from = 0.1 + 0.3 * f64::from(third);
        let within = shares
            .iter()
            .filter(|share| (from..from + 0.3).contains(*share));
        assert!(within.count() > 0, "no pause from {from} of its step on");
    }
}
