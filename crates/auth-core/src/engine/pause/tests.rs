//! Pauses and permits as tables.

use std::time::Duration;

use crate::{Error, ErrorKind, Policy};

use super::{Bucket, after_failure, backoff, random};

#[test]
fn the_step_doubles_up_to_the_longest_pause() {
    let policy = Policy::default();
    let seconds = |strikes| backoff(strikes, &policy, 1.0).as_secs_f64().round();
    assert_eq!(
        [1, 2, 3, 9, 10, u32::MAX].map(seconds),
        [1.0, 2.0, 4.0, 256.0, 300.0, 300.0]
    );
    assert_eq!(backoff(1, &policy, 0.0), Duration::from_millis(100));
}

#[test]
fn a_refusal_that_waiting_cannot_mend_waits_longest() {
    let policy = Policy::default();
    let pause = |error: Error| after_failure(&error, 1, &policy, None, 1.0).as_secs();
    let error = |kind| Error::new(kind, "made up");
    assert_eq!(pause(error(ErrorKind::Configuration)), 300);
    assert_eq!(pause(error(ErrorKind::LoginRequired)), 300);
    assert_eq!(pause(error(ErrorKind::Unavailable)), 1);
    let asked =
        |seconds| error(ErrorKind::Unavailable).with_retry_after(Duration::from_secs(seconds));
    assert_eq!(pause(asked(7)), 7);
    assert_eq!(pause(asked(1_000_000_000)), 600);
}

#[test]
fn the_bucket_gives_a_burst_and_then_one_a_second() {
    let policy = Policy::default();
    let mut bucket = Bucket::full(&policy, Duration::ZERO);
    let mut taken = |milliseconds| bucket.take(&policy, Duration::from_millis(milliseconds));
    assert_eq!(
        [0, 0, 1, 1, 2, 2].map(&mut taken),
        [true, true, true, true, true, false]
    );
    assert_eq!(
        [999, 1_000, 1_500, 2_000, 2_100].map(&mut taken),
        [false, true, false, true, false]
    );
    assert_eq!(
        [60_000; 6].map(taken),
        [true, true, true, true, true, false]
    );
}

#[test]
fn random_numbers_differ_and_stay_in_range() {
    let numbers: Vec<f64> = (0..100).map(|_| random()).collect();
    assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    assert!(numbers.windows(2).any(|pair| pair[0] != pair[1]));
}
