//! Clocks, lengths and policies at the ends of their ranges and between, for the properties of what reckons with time.

use std::{
    ops::Range,
    time::{Duration, SystemTime},
};

use proptest::{prelude::*, sample::select, test_runner::Config};

use crate::{Margin, Now, Policy};

/// 2031-03-17, a time that nobody finds strange.
const TODAY: i64 = 1_931_535_711;
const YEAR: i64 = 365 * 24 * 60 * 60;

/// 1,024 cases for each property, and as many more as `PROPTEST_CASES` says.
pub(crate) fn config() -> Config {
    let default = Config::default();
    Config {
        cases: default.cases.max(1_024),
        failure_persistence: None,
        ..default
    }
}

pub(crate) fn lengths() -> BoxedStrategy<Duration> {
    let seconds = [
        0,
        1,
        60,
        3_600,
        10 * YEAR as u64,
        u64::from(u32::MAX),
        i64::MAX as u64,
        u64::MAX,
    ];
    prop_oneof![
        3 => (0..100_000_000_u64).prop_map(Duration::from_millis),
        2 => select(seconds.to_vec()).prop_map(Duration::from_secs),
        1 => (0..5_u64).prop_map(Duration::from_nanos),
        1 => Just(Duration::MAX),
        1 => (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, ns)| Duration::new(s, ns)),
    ]
    .boxed()
}

/// Any time of day that the machine can hold, in years before 1970 and at both ends too.
pub(crate) fn walls() -> BoxedStrategy<SystemTime> {
    let seconds = [
        i64::MIN,
        -68 * YEAR,
        -1,
        0,
        1,
        TODAY - 3_600,
        TODAY + 68 * YEAR,
        TODAY + 136 * YEAR,
        i64::MAX,
    ];
    let seconds = prop_oneof![
        3 => Just(TODAY),
        3 => select(seconds.to_vec()),
        1 => any::<i64>(),
    ];
    let nanos = prop_oneof![Just(0), Just(999_999_999), 0..1_000_000_000_u64];
    (seconds, nanos)
        .prop_map(|(seconds, nanos)| {
            let whole = moved(SystemTime::UNIX_EPOCH, i128::from(seconds) * 1_000_000_000);
            whole
                .checked_add(Duration::from_nanos(nanos))
                .unwrap_or(whole)
        })
        .boxed()
}

pub(crate) fn nows() -> BoxedStrategy<Now> {
    (walls(), lengths())
        .prop_map(|(wall, monotonic)| Now::new(wall, monotonic))
        .boxed()
}

/// Readings of the clocks of which each lies, from `now` on, within twice `length`, or anywhere.
pub(crate) fn around(now: Now, length: Duration) -> BoxedStrategy<Now> {
    let near = |range: Range<i128>| {
        let length = length.min(crate::MAX_LIFETIME).as_nanos() as i128;
        range.prop_map(move |share| share * length / 1_000)
    };
    let wall = prop_oneof![
        6 => near(0..2_000).prop_map(move |by| moved(now.wall, by)),
        1 => near(-2_000..0).prop_map(move |by| moved(now.wall, by)),
        // It was set back, or moves more slowly than the other one.
        3 => near(0..20).prop_map(move |by| moved(now.wall, by)),
        1 => Just(SystemTime::UNIX_EPOCH),
        2 => walls(),
    ];
    let monotonic = prop_oneof![
        6 => near(0..2_000).prop_map(move |by| later(now.monotonic, by)),
        // The machine was asleep.
        3 => near(0..20).prop_map(move |by| later(now.monotonic, by)),
        1 => Just(Duration::MAX),
        1 => lengths().prop_map(move |by| now.monotonic.saturating_add(by)),
    ];
    (wall, monotonic)
        .prop_map(|(wall, monotonic)| Now::new(wall, monotonic))
        .boxed()
}

/// All numbers, those that are none and those that are no fraction too.
pub(crate) fn fractions() -> BoxedStrategy<f64> {
    let strange = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
        -0.0,
        -1.0,
        0.0,
        1.0,
    ];
    prop_oneof![
        4 => 0.0..=1.0_f64,
        2 => select(strange.to_vec()),
        1 => proptest::num::f64::ANY,
    ]
    .boxed()
}

pub(crate) fn margins() -> BoxedStrategy<Margin> {
    (lengths(), fractions())
        .prop_map(|(time, fraction)| Margin::new(time, fraction))
        .boxed()
}

pub(crate) fn policies() -> BoxedStrategy<Policy> {
    let margins = (margins(), margins(), margins(), fractions());
    let pauses = (lengths(), lengths(), lengths(), lengths(), 0..9_u32);
    let any = (margins, pauses).prop_map(|(margins, pauses)| Policy {
        advisory: margins.0,
        mandatory: margins.1,
        minimum_interval: margins.2,
        jitter: margins.3,
        backoff_initial: pauses.0,
        backoff_max: pauses.1,
        retry_after_max: pauses.2,
        forced_refill: pauses.3,
        forced_burst: pauses.4,
        ..Policy::default()
    });
    prop_oneof![1 => Just(Policy::default()), 3 => any].boxed()
}

/// Returns `wall` moved by so many nanoseconds, or left where it is when it cannot show that time.
fn moved(wall: SystemTime, by: i128) -> SystemTime {
    let far = by.unsigned_abs();
    let far = Duration::new((far / 1_000_000_000) as u64, (far % 1_000_000_000) as u32);
    let there = if by < 0 {
        wall.checked_sub(far)
    } else {
        wall.checked_add(far)
    };
    there.unwrap_or(wall)
}

fn later(monotonic: Duration, by: i128) -> Duration {
    let by = u64::try_from(by).unwrap_or(u64::MAX);
    monotonic.saturating_add(Duration::from_nanos(by))
}
