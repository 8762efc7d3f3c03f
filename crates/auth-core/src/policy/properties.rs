//! What holds of a margin, whatever stands in a configuration.

use std::time::Duration;

use proptest::prelude::*;

use crate::extremes::{config, lengths, margins};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_margin_lies_within_its_time_and_the_lifetime(margin in margins(), lifetime in lengths()) {
        let length = margin.of(lifetime);
        prop_assert!(length <= margin.time && length <= lifetime);
        if margin.fraction.is_nan() || margin.fraction <= 0.0 {
            prop_assert_eq!(length, Duration::ZERO);
        }
        if margin.fraction >= 1.0 {
            // Numbers of 53 bits do not hold every nanosecond of a long life.
            let all = margin.time.min(lifetime).as_secs_f64();
            prop_assert!(length.as_secs_f64() >= all * 0.999_999);
        }
    }

    #[test]
    fn a_longer_life_has_no_smaller_margin(margin in margins(), lifetime in lengths(), more in lengths()) {
        prop_assert!(margin.of(lifetime) <= margin.of(lifetime.saturating_add(more)));
    }
}
