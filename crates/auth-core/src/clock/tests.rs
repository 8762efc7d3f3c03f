use super::{Clock, SystemClock, Ticks};

#[test]
fn a_reading_by_ticks_is_never_ahead_and_goes_on() {
    let clock = SystemClock::new();
    let first = clock.coarse();
    let mut last = first;
    // A few ticks of the kernel, however long they are.
    for _ in 0..3 {
        let tick = last;
        while last.monotonic == tick.monotonic {
            last = clock.coarse();
            let now = Ticks::from(clock.now());
            assert!(last.monotonic <= now.monotonic);
            std::hint::spin_loop();
        }
        assert!(last.monotonic > tick.monotonic);
    }
    // Both count from the same instant: the readings are apart by less than two of the ticks just seen, or by what one
    // waits for a core, which is no part of the offset and gone in another try.
    let tick = (last.monotonic - first.monotonic).max(1);
    let near = || Ticks::from(clock.now()).monotonic - clock.coarse().monotonic <= 2 * tick;
    assert!((0..1_000).any(|_| near()));
}
