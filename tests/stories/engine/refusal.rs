//! Tokens that a server refuses.

use auth_core::{Held, Peek, Token, TokenSet, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant, token};

use super::{HOUR, access, away, builder, policy, seconds, sent};

/// A grant that issues `token-1`, `token-2`, … for ever.
fn counting(lifetime: std::time::Duration) -> ScriptedGrant {
    let grant = ScriptedGrant::new();
    let count = std::sync::atomic::AtomicUsize::new(0);
    grant.always(move |ctx| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        Ok(TokenSet::new(token(
            &format!("token-{next}"),
            lifetime,
            &ctx.clock,
        )))
    });
    grant
}

#[tokio::test]
async fn a_refused_token_is_used_no_more_by_any_handle() {
    let (clock, grant) = (ManualClock::new(), counting(HOUR));
    let source = builder(&grant, &clock).build();
    let first = source.token().await.unwrap();
    let (mut one, mut other) = (Held::new(), Held::new());
    assert_eq!(source.peek(&mut one), Peek::Ready);
    assert_eq!(source.peek(&mut other), Peek::Ready);
    source.reject(&first);
    assert_eq!(source.peek(&mut one), Peek::Absent);
    assert_eq!(source.peek(&mut other), Peek::Absent);
    assert_eq!(access(&source).await, "token-2");
    assert_eq!(sent(&source, &mut one).as_deref(), Some("token-2"));
}

#[tokio::test]
async fn a_late_refusal_of_an_old_token_does_nothing() {
    let (clock, grant) = (ManualClock::new(), counting(HOUR));
    let source = builder(&grant, &clock).build();
    let first = source.token().await.unwrap();
    for _ in 0..1_000 {
        source.reject(&first);
    }
    assert_eq!(access(&source).await, "token-2");
    for _ in 0..1_000 {
        source.reject(&first);
    }
    assert_eq!(access(&source).await, "token-2");
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn refusals_force_five_renewals_and_then_one_a_second() {
    let (clock, grant) = (ManualClock::new(), counting(HOUR));
    let source = builder(&grant, &clock).build();
    for _ in 0..100 {
        let current = source.token().await.unwrap();
        source.reject(&current);
    }
    assert_eq!(grant.calls(), 1 + 5);
    for second in 1..=10 {
        clock.advance(seconds(1));
        for _ in 0..100 {
            let current = source.token().await.unwrap();
            source.reject(&current);
        }
        assert_eq!(grant.calls(), 1 + 5 + second);
    }
}

#[tokio::test]
async fn fault_24_the_same_token_again_starts_a_pause_and_no_loop() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    let ends = seconds(3600);
    grant.always(move |ctx| {
        let left = ends.saturating_sub(ctx.clock.monotonic());
        Ok(TokenSet::new(token("same", left, &ctx.clock)))
    });
    let source = builder(&grant, &clock).build();
    assert_eq!(access(&source).await, "same");
    clock.advance(ends - seconds(300));
    for _ in 0..299 {
        assert_eq!(access(&source).await, "same");
        tokio::task::yield_now().await;
        clock.advance(seconds(1));
    }
    let calls = grant.calls();
    assert!((2..=14).contains(&calls), "{calls} exchanges in 300 s");
}

#[tokio::test]
async fn a_refused_token_that_comes_again_is_not_asked_for_in_a_loop() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.always(|ctx| Ok(TokenSet::new(token("same", HOUR, &ctx.clock))));
    let source = builder(&grant, &clock).build();
    for _ in 0..100 {
        let current = source.token().await.unwrap();
        source.reject(&current);
    }
    assert_eq!(
        grant.calls(),
        2,
        "the first, and the one that the first refusal forced"
    );
}

#[tokio::test]
async fn a_refusal_while_the_endpoint_fails_gives_the_endpoints_error() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR).always(|_| Err(away()));
    let source = builder(&grant, &clock).build();
    let first = source.token().await.unwrap();
    source.reject(&first);
    for _ in 0..100 {
        assert!(source.token().await.is_err());
    }
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn a_refusal_while_a_renewal_is_up_waits_for_that_one() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    let first = source.token().await.unwrap();
    clock.advance(HOUR - seconds(300));
    source.renew();
    gate.until_waiting(1).await;
    source.reject(&first);
    let caller = tokio::spawn({
        let source = source.clone();
        async move { access(&source).await }
    });
    gate.open();
    assert_eq!(caller.await.unwrap(), "second");
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn a_lifetime_of_zero_is_used_and_asked_for_once_a_second() {
    let (clock, grant) = (ManualClock::new(), counting(seconds(0)));
    let source = builder(&grant, &clock).build();
    for second in 1..=10 {
        for _ in 0..100 {
            assert_eq!(access(&source).await, format!("token-{second}"));
        }
        clock.advance(seconds(1));
    }
    assert_eq!(grant.calls(), 10);
}

#[tokio::test]
async fn a_refusal_that_many_requests_saw_counts_once() {
    let (clock, grant) = (ManualClock::new(), counting(HOUR));
    let source = builder(&grant, &clock).build();
    let first = source.token().await.unwrap();
    for _ in 0..100 {
        source.reject(&first);
    }
    let second = source.token().await.unwrap();
    source.reject(&second);
    assert_eq!(access(&source).await, "token-3");
}

#[tokio::test]
async fn a_refused_token_that_came_again_is_asked_for_once_more_when_the_pause_is_over() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.always(|ctx| Ok(TokenSet::new(token("same", HOUR, &ctx.clock))));
    let source = builder(&grant, &clock).build();
    for calls in 1..=4 {
        let current = source.token().await.unwrap();
        assert_eq!(grant.calls(), calls);
        clock.advance(source.status().next_attempt.unwrap_or_default());
        source.reject(&current);
    }
}

#[tokio::test]
async fn a_refusal_within_a_pause_without_a_failure_counts_like_any_other() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("a", seconds(60)).issues("b", seconds(50));
    grant.issues("c", HOUR).issues("d", HOUR);
    let mut two = policy();
    // One for the renewal that is asked for, and one for a refusal.
    two.forced_burst = 2;
    let source = builder(&grant, &clock).policy(two).build();
    source.warm_up().await.unwrap();
    clock.advance(seconds(10));
    let no_better = source.renew_now().await.unwrap();
    assert!(source.status().next_attempt.is_some());
    source.reject(&no_better);
    let current = source.token().await.unwrap();
    assert_eq!(current.access().expose(), "c");
    source.reject(&current);
    assert_eq!(access(&source).await, "c", "and there are no more");
}

#[tokio::test]
async fn a_token_that_has_no_end_is_used_until_it_is_refused() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    for name in ["endless", "next"] {
        grant.returns(TokenSet::new(Token::bearer(name.into()).unwrap()));
    }
    let source = builder(&grant, &clock).build();
    let endless = source.token().await.unwrap();
    clock.advance(1_000 * HOUR);
    assert_eq!(access(&source).await, "endless");
    assert_eq!(grant.calls(), 1);
    source.reject(&endless);
    assert_eq!(access(&source).await, "next");
    assert_eq!(grant.calls(), 2);
}
