//! Arithmetic at the ends of all ranges.

use std::time::{Duration, SystemTime};

use crate::Now;

use super::{Lifetime, MAX_LIFETIME, Moment};

#[test]
fn nothing_overflows() {
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
    let walls = [SystemTime::UNIX_EPOCH, SystemTime::now(), far];
    let lengths = [0, 1, 136 * 365 * 24 * 3600, i64::MAX as u64, u64::MAX].map(Duration::from_secs);
    let monotonics = [Duration::ZERO, Duration::from_secs(1), Duration::MAX];
    for wall in walls {
        for monotonic in monotonics {
            let now = Now::new(wall, monotonic);
            for length in lengths.into_iter().chain([Duration::MAX]) {
                let life = Lifetime::new(now, length);
                assert!(life.length() <= MAX_LIFETIME);
                let _ = life.ends().earlier(length).left(now);
                let _ = Moment::after(now, length).has_come(now);
            }
        }
    }
}

#[test]
fn ten_years_are_the_longest_life() {
    assert_eq!(MAX_LIFETIME, Duration::from_secs(315_360_000));
}

#[test]
fn the_clock_that_comes_first_counts() {
    let start = Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
    let ends = Lifetime::new(start, Duration::from_secs(10)).ends();
    let at = |wall, monotonic| {
        Now::new(
            SystemTime::UNIX_EPOCH + Duration::from_secs(wall),
            Duration::from_secs(monotonic),
        )
    };
    let table = [
        ((0, 0), 10),
        ((4, 0), 6),
        ((0, 4), 6),
        ((9, 3), 1),
        ((10, 0), 0),
        ((0, 99), 0),
    ];
    for ((wall, monotonic), left) in table {
        let now = at(wall, monotonic);
        assert_eq!(ends.left(now), Duration::from_secs(left));
        assert_eq!(ends.has_come(now), left == 0);
    }
}

#[test]
fn a_restored_life_ends_on_the_clock_that_knows_nothing_of_when_it_began() {
    let asked = SystemTime::UNIX_EPOCH;
    let [length, passed] = [300, 200].map(Duration::from_secs);
    // That clock began to count before the token was asked for, or after.
    for counted in [1000, 1].map(Duration::from_secs) {
        let now = Now::new(asked + passed, counted);
        let ends = Lifetime::restored(asked, length, now).ends();
        let end = counted + length - passed;
        assert_eq!(ends.monotonic(), end);
        // The wall clock is turned back, so it has no say.
        let before = end - Duration::from_nanos(1);
        assert!(!ends.has_come(Now::new(asked, before)));
        assert!(ends.has_come(Now::new(asked, end)));
    }
}
