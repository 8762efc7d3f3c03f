//! When a token is renewed, on which clock.

use std::time::{Duration, SystemTime};

use auth_core::{Clock, Held, Peek, State, TokenSet, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant, token};

use super::{HOUR, access, away, builder, seconds, sent, until};

#[tokio::test]
async fn in_the_advisory_window_one_look_renews_and_nobody_waits() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    let mut held = Held::new();
    assert_eq!(source.peek(&mut held), Peek::Ready);

    clock.advance(HOUR - seconds(300));
    let looks: Vec<_> = (0..100).map(|_| source.peek(&mut Held::new())).collect();
    assert_eq!(looks.iter().filter(|look| **look == Peek::Renew).count(), 1);
    assert_eq!(
        looks.iter().filter(|look| **look == Peek::Ready).count(),
        99
    );
    assert_eq!(grant.calls(), 1, "looking starts nothing");
    clock.advance(seconds(1));
    assert_eq!(
        source.peek(&mut held),
        Peek::Renew,
        "whoever was told may have been dropped"
    );

    source.renew();
    source.renew();
    gate.until_waiting(1).await;
    assert_eq!(sent(&source, &mut held).as_deref(), Some("first"));
    assert_eq!(access(&source).await, "first", "the token at once");
    assert_eq!(source.status().state, State::Renewing);
    gate.open();
    let (clock_of_waiter, waiter) = (clock.clone(), source.clone());
    clock_of_waiter.advance(seconds(290));
    assert_eq!(access(&waiter).await, "second");
    assert_eq!(sent(&source, &mut held).as_deref(), Some("second"));
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn a_call_in_the_advisory_window_renews_beside_the_use() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    clock.advance(HOUR - seconds(300));
    for _ in 0..100 {
        assert_eq!(access(&source).await, "first");
    }
    gate.until_waiting(1).await;
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_token_in_use_until_it_ends() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR).always(|_| Err(away()));
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    clock.advance(HOUR - seconds(31));
    assert_eq!(access(&source).await, "first");
    grant.until_calls(2).await;
    let failed = async || source.status().last_error.is_some();
    until("the renewal failed", failed).await;
    assert_eq!(source.status().state, State::BackingOff);
    // In the last window callers wait for one attempt and get the token when it fails.
    clock.advance(seconds(2));
    let mut held = Held::new();
    while clock.now_left(HOUR) > Duration::ZERO {
        assert_eq!(access(&source).await, "first");
        clock.advance(seconds(1));
    }
    assert_eq!(sent(&source, &mut held), None);
    assert!(source.token().await.is_err());
    assert!(
        grant.calls() < 12,
        "one attempt for each step, not for each caller"
    );
}

#[tokio::test]
async fn an_outage_that_is_over_before_the_token_ends_is_seen_by_no_caller() {
    // Failing for the ninth time so long before the end, the endpoint comes back so long before it.
    for (fails, back) in [(40, 31), (25, 3)] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        let (of, ends) = (clock.clone(), clock.monotonic() + HOUR);
        grant.always(move |ctx| {
            let left = ends.saturating_sub(of.monotonic());
            match left {
                HOUR => Ok(TokenSet::new(token("first", HOUR, &ctx.clock))),
                left if left > seconds(back) => Err(away()),
                _ => Ok(TokenSet::new(token("second", HOUR, &ctx.clock))),
            }
        });
        let source = builder(&grant, &clock).build();
        source.warm_up().await.unwrap();
        clock.advance(HOUR - seconds(300));
        for strike in 1..=9 {
            if strike == 9 {
                clock.advance(clock.now_left(HOUR) - seconds(fails));
            }
            assert_eq!(access(&source).await, "first");
            grant.until_calls(1 + strike).await;
            let landed = async || !source.status().renewing;
            until("the attempt failed", landed).await;
            if strike < 8 {
                clock.advance(source.status().next_attempt.unwrap());
            }
        }
        let next = source.status().next_attempt.unwrap();
        let window = seconds(if fails > 30 { fails - 30 } else { fails });
        assert_eq!(next, window, "the ninth pause is longer by itself");
        for _ in 0..=fails {
            assert!(
                source.token().await.is_ok(),
                "{:?} left",
                clock.now_left(HOUR)
            );
            clock.advance(seconds(1));
        }
        assert_eq!(access(&source).await, "second");
        assert_eq!(grant.calls(), 11);
    }
}

#[tokio::test]
async fn fault_41_a_token_does_not_outlive_a_suspended_machine() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("before", HOUR).issues("after", HOUR);
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    let mut held = Held::new();
    assert_eq!(source.peek(&mut held), Peek::Ready);
    clock.suspend(seconds(2 * 24 * 3600));
    assert_eq!(source.peek(&mut held), Peek::Absent);
    assert_eq!(access(&source).await, "after");
}

#[tokio::test]
async fn fault_42_setting_the_wall_clock_never_extends_a_token() {
    let year = 365 * 24 * 3600;
    let jumps: [fn(&ManualClock); 3] = [
        |clock| clock.turn_wall_back(HOUR),
        |clock| clock.set_wall(SystemTime::UNIX_EPOCH),
        |clock| clock.set_wall(SystemTime::UNIX_EPOCH + seconds(1)),
    ];
    for (row, jump) in jumps.into_iter().enumerate() {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.issues("first", HOUR).issues("second", HOUR);
        let source = builder(&grant, &clock).build();
        source.warm_up().await.unwrap();
        jump(&clock);
        assert_eq!(access(&source).await, "first", "row {row}");
        clock.advance(HOUR);
        assert_eq!(access(&source).await, "second", "row {row}");
    }
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR).issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    clock.advance_wall_only(seconds(68 * year));
    assert_eq!(access(&source).await, "second");
    assert_eq!(grant.calls(), 2, "and it is asked for once");
    assert_eq!(access(&source).await, "second");
}

/// How much of a token of `lifetime`, asked for at the start, is left.
trait Left {
    fn now_left(&self, lifetime: Duration) -> Duration;
}

impl Left for ManualClock {
    fn now_left(&self, lifetime: Duration) -> Duration {
        lifetime.saturating_sub(self.monotonic())
    }
}
