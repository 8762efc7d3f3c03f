use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_core::{Clock, Moment};
use tokio::task::yield_now;

use crate::ManualClock;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn starts_at_the_time_its_docs_name_and_stands_still() {
    let clock = ManualClock::new();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_931_535_711);
    assert_eq!(clock.wall(), start);
    assert_eq!(clock.monotonic(), Duration::ZERO);
    assert_eq!(clock.now(), clock.clone().now());
}

#[test]
fn each_way_to_move_moves_what_it_says() {
    let clock = ManualClock::new();
    let start = clock.now();
    clock.advance(HOUR);
    assert_eq!(clock.wall(), start.wall + HOUR);
    assert_eq!(clock.monotonic(), HOUR);
    clock.suspend(HOUR);
    assert_eq!(clock.wall(), start.wall + 2 * HOUR);
    clock.advance_wall_only(HOUR);
    assert_eq!(clock.wall(), start.wall + 3 * HOUR);
    clock.turn_wall_back(4 * HOUR);
    assert_eq!(clock.wall(), start.wall - HOUR);
    clock.set_wall(SystemTime::UNIX_EPOCH);
    assert_eq!(clock.wall(), SystemTime::UNIX_EPOCH);
    assert_eq!(clock.monotonic(), HOUR);
}

#[test]
fn a_suspended_machine_ends_a_token() {
    let clock = ManualClock::new();
    let end = Moment::after(clock.now(), HOUR);
    clock.suspend(HOUR);
    assert!(end.has_come(clock.now()));
}

#[tokio::test]
async fn wakes_who_is_due_and_nobody_else() {
    let clock = ManualClock::new();
    let near = tokio::spawn(clock.sleep_until(HOUR));
    let far = tokio::spawn(clock.sleep_until(2 * HOUR));
    clock.until_sleepers(2).await;
    assert_eq!(clock.deadlines(), [HOUR, 2 * HOUR]);

    clock.advance(HOUR - Duration::from_nanos(1));
    assert_eq!(clock.sleepers(), 2);
    clock.advance(Duration::from_nanos(1));
    near.await.unwrap();
    assert_eq!(clock.next_deadline(), Some(2 * HOUR));
    assert!(!far.is_finished());

    clock.suspend(10 * HOUR);
    yield_now().await;
    assert_eq!(clock.sleepers(), 1);
    clock.advance(HOUR);
    far.await.unwrap();
    assert_eq!(clock.next_deadline(), None);
}

#[tokio::test]
async fn a_deadline_that_has_come_does_not_wait() {
    let clock = ManualClock::new();
    clock.advance(HOUR);
    clock.sleep_until(HOUR).await;
    assert_eq!(clock.sleepers(), 0);
}

#[tokio::test]
async fn a_dropped_sleeper_is_forgotten() {
    let clock = ManualClock::new();
    let nap = tokio::spawn(clock.sleep_until(HOUR));
    clock.until_deadline(HOUR).await;
    nap.abort();
    assert!(nap.await.unwrap_err().is_cancelled());
    assert_eq!(clock.sleepers(), 0);
    drop(clock.sleep_until(HOUR));
    assert_eq!(clock.sleepers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_sleepers_misses_none() {
    for _ in 0..200 {
        let clock = ManualClock::new();
        let naps: Vec<_> = (0..4)
            .map(|_| tokio::spawn(clock.sleep_until(HOUR)))
            .collect();
        clock.until_sleepers(4).await;
        clock.advance(HOUR);
        for nap in naps {
            nap.await.unwrap();
        }
    }
}

#[test]
fn is_a_clock_for_everybody() {
    fn shared<T: Send + Sync + Clone + Default + 'static>(_: &T) {}
    let clock = ManualClock::new();
    shared(&clock);
    let clock: Arc<dyn Clock> = Arc::new(clock);
    assert_eq!(clock.monotonic(), Duration::ZERO);
}
