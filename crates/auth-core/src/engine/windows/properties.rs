//! What holds of the windows of any token, under any policy.

use proptest::prelude::*;

use crate::{
    Lifetime, Moment, Now, Policy,
    extremes::{around, config, fractions, lengths, nows, policies},
};

use super::Windows;

/// Lives, and when what brought them landed.
fn lives() -> impl Strategy<Value = (Lifetime, Now)> {
    (nows(), lengths()).prop_flat_map(|(asked, length)| {
        around(asked, length).prop_map(move |landed| (Lifetime::new(asked, length), landed))
    })
}

fn no_later(one: Moment, other: Moment) -> bool {
    one.wall() <= other.wall() && one.monotonic() <= other.monotonic()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_windows_come_one_after_the_other(
        (life, landed) in lives(),
        brought in any::<bool>(),
        policy in policies(),
        jitter in fractions(),
    ) {
        let windows = Windows::new(life, brought.then_some(landed), &policy, jitter);
        prop_assert!(no_later(windows.advisory(), windows.mandatory()));
        prop_assert!(no_later(windows.mandatory(), windows.ends));
        if !(brought && life.ends().has_come(landed)) {
            prop_assert_eq!(windows.ends, life.ends());
        }
    }

    #[test]
    fn jitter_moves_the_renewal_alone_and_only_earlier(
        (life, landed) in lives(),
        policy in policies(),
        jitter in fractions(),
    ) {
        let still = Windows::new(life, Some(landed), &policy, 0.0);
        let moved = Windows::new(life, Some(landed), &policy, jitter);
        prop_assert!(no_later(moved.advisory(), still.advisory()));
        prop_assert_eq!((moved.mandatory(), moved.ends), (still.mandatory(), still.ends));
        let most = policy.advisory.of(life.length());
        prop_assert!(no_later(still.advisory().earlier(most), moved.advisory()));
    }

    #[test]
    fn what_ended_before_it_landed_is_used_for_one_interval_and_no_longer(
        (life, landed) in lives(),
        interval in 0..5_000_u64,
    ) {
        let mut policy = Policy::default();
        policy.minimum_interval.time = std::time::Duration::from_millis(interval);
        let windows = Windows::new(life, Some(landed), &policy, 1.0);
        if life.ends().has_come(landed) {
            prop_assert!(windows.ends.left(landed) <= policy.minimum_interval.time);
            prop_assert_eq!(windows.advisory(), windows.ends);
        } else {
            prop_assert_eq!(windows.ends.left(landed), life.ends().left(landed));
        }
        let handed_in = Windows::new(life, None, &policy, 1.0);
        prop_assert_eq!(handed_in.ends.has_come(landed), life.ends().has_come(landed));
    }
}
