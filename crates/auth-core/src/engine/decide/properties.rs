//! What holds of the rule in all states, on all clocks and for all lifetimes.

use std::time::{Duration, SystemTime};

use proptest::{option, prelude::*, sample::select};

use crate::{
    Lifetime, Now,
    engine::windows::Windows,
    extremes::{around, config, fractions, lengths, nows, policies},
};

use super::{Facts, Life, Verdict, decide};

/// What is known, and three readings of the clocks: the second and the third are later by the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Case {
    facts: Facts,
    now: Now,
    then: Now,
}

fn cases() -> BoxedStrategy<Case> {
    let token = (nows(), lengths(), policies(), fractions(), any::<bool>());
    let life = token
        .prop_flat_map(|(asked, length, policy, jitter, landed)| {
            let life = Lifetime::new(asked, length);
            let windows = Windows::new(life, landed.then_some(asked), &policy, jitter);
            let lives = [
                Life::Until(windows),
                Life::Until(windows),
                Life::Until(windows),
                Life::Until(windows),
                Life::Endless,
                Life::None,
            ];
            let now = around(asked, length);
            (select(lives.to_vec()), now, Just(length))
        })
        .boxed();
    let pause = option::weighted(0.7, prop_oneof![2 => 0..2_000_u64, 1 => any::<u64>()]);
    (life, pause, any::<bool>(), any::<bool>())
        .prop_flat_map(|((life, now, length), pause, flying, failed)| {
            let length_ms = length.min(crate::MAX_LIFETIME) / 1_000;
            let retry_at = pause.map(|share| {
                let share = u32::try_from(share).unwrap_or(u32::MAX);
                // From half a lifetime ago on.
                let since = now.monotonic.saturating_sub(length_ms.saturating_mul(500));
                since.saturating_add(length_ms.saturating_mul(share))
            });
            let facts = Facts {
                life,
                flying,
                retry_at,
                failed,
            };
            around(now, length).prop_map(move |then| Case { facts, now, then })
        })
        .boxed()
}

/// Whether the token may be sent.
fn serves(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Serve(_) | Verdict::Renew)
}

/// Whether an exchange begins.
fn exchanges(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Renew | Verdict::Start)
}

fn is_usable(life: Life, now: Now) -> bool {
    match life {
        Life::None => false,
        Life::Endless => true,
        Life::Until(windows) => !windows.ends.has_come(now),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_token_is_served_after_its_end(case in cases()) {
        let Case { facts, now, .. } = case;
        prop_assert!(is_usable(facts.life, now) || !serves(decide(&facts, now)));
    }

    #[test]
    fn no_clock_that_jumps_extends_a_token(case in cases(), year in select(vec![-1_i64, 68, 136])) {
        let Case { facts: Facts { life, .. }, now, .. } = case;
        let (Life::Until(windows), wall) = (life, match year {
            -1 => SystemTime::UNIX_EPOCH,
            years => now.wall
                .checked_add(Duration::from_secs(years.unsigned_abs() * 365 * 86_400))
                .unwrap_or(now.wall),
        }) else {
            return Ok(());
        };
        let jumped = Now::new(wall, now.monotonic);
        let verdict = decide(&case.facts, jumped);
        let ended = now.monotonic >= windows.ends.monotonic() || wall >= windows.ends.wall();
        prop_assert!(!(ended && serves(verdict)), "{:?}", verdict);
    }

    #[test]
    fn what_is_served_until_a_moment_is_served_until_then(case in cases()) {
        let Case { facts, now, then } = case;
        let Verdict::Serve(until) = decide(&facts, now) else {
            return Ok(());
        };
        let Some(until) = until else {
            prop_assert_eq!(facts.life, Life::Endless);
            return Ok(());
        };
        // A moment that has come already would make every look a slow one.
        prop_assert!(!until.has_come(now));
        if !until.has_come(then) {
            prop_assert!(matches!(decide(&facts, then), Verdict::Serve(Some(_))));
        }
        if let Life::Until(windows) = facts.life {
            prop_assert!(until.wall() <= windows.ends.wall());
            prop_assert!(until.monotonic() <= windows.ends.monotonic());
        }
    }

    #[test]
    fn what_cannot_be_served_cannot_be_served_later(case in cases()) {
        let Case { facts, now, then } = case;
        let then = Now::new(then.wall.max(now.wall), then.monotonic);
        prop_assert!(serves(decide(&facts, now)) || !serves(decide(&facts, then)));
    }

    #[test]
    fn no_exchange_begins_beside_a_flight_or_in_a_pause(case in cases()) {
        let Case { facts, now, .. } = case;
        let verdict = decide(&facts, now);
        prop_assert!(!(facts.flying && exchanges(verdict)));
        prop_assert_eq!(verdict == Verdict::Wait, facts.flying && !serves(verdict));
        if facts.retry_at.is_some_and(|at| now.monotonic < at) && exchanges(verdict) {
            prop_assert!(!is_usable(facts.life, now), "it could have been served");
            prop_assert!(!facts.failed, "it failed just now");
        }
    }

    #[test]
    fn no_verdict_lasts_for_ever(case in cases()) {
        let Case { facts, now, .. } = case;
        let facts = Facts { flying: false, ..facts };
        if decide(&facts, now) == Verdict::Fail {
            let at = facts.retry_at.unwrap();
            prop_assert!(at > now.monotonic);
            prop_assert_eq!(decide(&facts, Now::new(now.wall, at)), Verdict::Start);
        }
        // Whatever the wall clock says, in the end there is an exchange.
        let pause = facts.retry_at.unwrap_or_default();
        let end = match facts.life {
            Life::Until(windows) => windows.ends.monotonic().max(pause),
            Life::None => pause,
            Life::Endless => return Ok(()),
        };
        let end = Now::new(now.wall, end.max(now.monotonic));
        prop_assert_eq!(decide(&facts, end), Verdict::Start);
    }
}
