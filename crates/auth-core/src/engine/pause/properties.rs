//! What holds of pauses and permits, whatever the policy and the clock.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    Error, ErrorKind,
    extremes::{config, fractions, lengths, policies},
};

use super::{Bucket, after_failure, backoff};

const KINDS: [ErrorKind; 5] = [
    ErrorKind::Unavailable,
    ErrorKind::OutcomeUnknown,
    ErrorKind::Protocol,
    ErrorKind::LoginRequired,
    ErrorKind::Configuration,
];

fn strikes() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0..20_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_pause_is_at_most_the_longest_and_at_least_a_tenth_of_its_step(
        policy in policies(),
        strikes in strikes(),
        random in fractions(),
    ) {
        let pause = backoff(strikes, &policy, random);
        let first = policy.backoff_initial.min(policy.backoff_max);
        prop_assert!(pause <= policy.backoff_max);
        // Numbers of 53 bits do not hold every nanosecond of a long pause.
        prop_assert!(pause.as_secs_f64() >= first.as_secs_f64() * 0.099_999 - 1e-9);
        prop_assert!(backoff(strikes, &policy, 0.0) <= pause);
        prop_assert!(backoff(strikes.saturating_add(1), &policy, random) >= pause);
    }

    #[test]
    fn what_a_server_asks_for_is_obeyed_within_the_policy(
        policy in policies(),
        kind in select(&KINDS[..]),
        strikes in strikes(),
        asked in lengths(),
        window in option::of(lengths()),
        random in fractions(),
    ) {
        let error = Error::new(kind, "made up");
        let own = after_failure(&error, strikes, &policy, window, random);
        let error = error.with_retry_after(asked);
        let pause = after_failure(&error, strikes, &policy, window, random);
        prop_assert_eq!(pause, own.max(asked.min(policy.retry_after_max)));
        if [ErrorKind::LoginRequired, ErrorKind::Configuration].contains(&kind) {
            prop_assert_eq!(own, policy.backoff_max);
        }
    }

    #[test]
    fn a_pause_is_over_when_the_token_comes_into_its_next_window(
        policy in policies(),
        kind in select(&KINDS[..3]),
        strikes in strikes(),
        left in lengths(),
        random in fractions(),
    ) {
        let error = Error::new(kind, "made up");
        let pause = |window| after_failure(&error, strikes, &policy, window, random);
        let (free, capped) = (pause(None), pause(Some(left)));
        prop_assert!(capped <= left.max(policy.backoff_initial));
        // It is a bound and nothing else.
        prop_assert!(capped == free || capped == left.max(policy.backoff_initial));
        prop_assert!(capped <= free);
    }

    #[test]
    fn a_bucket_gives_its_burst_and_one_for_each_refill(
        policy in policies(),
        zero in lengths(),
        refill in prop_oneof![lengths(), (0..10_000_u64).prop_map(Duration::from_micros)],
        steps in vec(prop_oneof![3 => (0..20_000_000_u64).prop_map(Duration::from_nanos), 1 => lengths()], 1..80),
    ) {
        let mut policy = policy;
        policy.forced_refill = refill;
        let each = refill.max(Duration::from_millis(1)).as_nanos();
        let mut now = zero;
        let mut bucket = Bucket::full(&policy, now);
        let mut taken = Vec::new();
        for step in steps {
            now = now.saturating_add(step);
            if bucket.take(&policy, now) {
                taken.push(now);
            }
        }
        for (index, first) in taken.iter().enumerate() {
            for (given, last) in taken[index..].iter().enumerate() {
                let refilled = (*last - *first).as_nanos() / each;
                prop_assert!((given as u128) < u128::from(policy.forced_burst) + refilled);
            }
        }
        // It is never empty for good.
        if let Some(next) = now.checked_add(refill.max(Duration::from_millis(1))) {
            prop_assert_eq!(bucket.take(&policy, next), policy.forced_burst > 0);
        }
    }
}
