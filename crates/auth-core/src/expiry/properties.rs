//! What holds of a moment and of a lifetime on any clocks.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use crate::{
    Lifetime, MAX_LIFETIME, Moment, Now,
    extremes::{around, config, lengths, nows, walls},
};

/// Returns whether `one` comes no later than `other`, whatever the clocks do.
fn no_later(one: Moment, other: Moment) -> bool {
    one.wall() <= other.wall() && one.monotonic() <= other.monotonic()
}

/// Returns whether moments within the longest lifetime are told apart: from 1970 to 2544, by any clock that counts from
/// when a machine was started.
fn has_room(now: Now) -> bool {
    let last = Duration::from_nanos(u64::MAX) - MAX_LIFETIME;
    let since = now.wall.duration_since(SystemTime::UNIX_EPOCH);
    since.is_ok_and(|since| since <= last) && now.monotonic <= last / 2
}

fn moments() -> impl Strategy<Value = (Moment, Now)> {
    (nows(), lengths()).prop_flat_map(|(now, wait)| {
        let moment = Moment::after(now, wait);
        around(now, wait).prop_map(move |then| (moment, then))
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_moment_comes_after_its_wait_and_not_before(now in nows(), wait in lengths()) {
        let moment = Moment::after(now, wait);
        prop_assert!(moment.left(now) <= wait.min(MAX_LIFETIME));
        if has_room(now) {
            prop_assert!(moment.wall() >= now.wall && moment.monotonic() >= now.monotonic);
            prop_assert_eq!(moment.left(now), wait.min(MAX_LIFETIME));
        }
    }

    #[test]
    fn nothing_is_left_exactly_when_it_has_come((moment, then) in moments()) {
        prop_assert_eq!(moment.has_come(then), moment.left(then).is_zero());
    }

    #[test]
    fn what_has_come_stays_so_while_the_clocks_go_on((moment, one) in moments(), by in lengths()) {
        let later = Now::new(
            one.wall.checked_add(by).unwrap_or(one.wall),
            one.monotonic.saturating_add(by),
        );
        prop_assert!(moment.left(later) <= moment.left(one));
        prop_assert!(moment.has_come(later) || !moment.has_come(one));
    }

    #[test]
    fn earlier_is_never_later((moment, _) in moments(), by in lengths(), more in lengths()) {
        let earlier = moment.earlier(by);
        prop_assert!(no_later(earlier, moment));
        prop_assert!(no_later(moment.earlier(by.saturating_add(more)), earlier));
    }

    #[test]
    fn of_two_the_sooner_comes_with_the_first((one, then) in moments(), (other, _) in moments()) {
        let sooner = one.or(other);
        prop_assert_eq!(sooner.has_come(then), one.has_come(then) || other.has_come(then));
        prop_assert!(no_later(sooner, one) && no_later(sooner, other));
    }

    #[test]
    fn a_life_ends_on_either_clock(asked in nows(), length in lengths(), wall in walls(), later in lengths()) {
        let life = Lifetime::new(asked, length);
        prop_assert!(life.length() <= length.min(MAX_LIFETIME));
        let ends = life.ends();
        prop_assert!(ends.left(asked) <= life.length());
        // Wherever the wall clock is set to, the monotonic clock ends it, and the other way round.
        prop_assert!(ends.has_come(Now::new(wall, asked.monotonic.saturating_add(life.length()))));
        if let Some(wall) = asked.wall.checked_add(life.length()).filter(|_| has_room(asked)) {
            prop_assert!(ends.has_come(Now::new(wall, later)));
        }
    }

    #[test]
    fn a_restored_life_is_never_longer(
        asked in walls(),
        length in lengths(),
        ((now, then), share) in nows().prop_flat_map(|now| {
            (around(now, Duration::from_secs(3_600)).prop_map(move |then| (now, then)), 0..3_u32)
        }),
    ) {
        // Near enough to what it was asked at that something may be left.
        let asked = match share {
            0 => asked,
            share => now.wall.checked_sub(length.min(MAX_LIFETIME) / share).unwrap_or(asked),
        };
        let life = Lifetime::restored(asked, length, now);
        let length = length.min(MAX_LIFETIME);
        prop_assert_eq!(life.length(), length);
        prop_assert!(life.asked().wall <= now.wall && life.asked().monotonic <= now.monotonic);
        let passed = now.wall.duration_since(asked).unwrap_or_default();
        prop_assert!(life.ends().left(now) <= length.saturating_sub(passed));
        if has_room(now) {
            prop_assert_eq!(life.ends().left(now), length.saturating_sub(passed));
        }
        // Where the wall clock is set later, the monotonic clock ends it in time.
        let end = now.monotonic.saturating_add(length.saturating_sub(passed));
        prop_assert!(life.ends().has_come(Now::new(then.wall, end)));
        // Nor by being read again.
        let again = Lifetime::restored(life.asked().wall, life.length(), now);
        prop_assert!(no_later(again.ends(), life.ends()));
        prop_assert!(again.ends().left(then) <= life.ends().left(then));
    }
}

#[test]
fn a_moment_is_found_at_both_ends_of_the_wall_clock() {
    let epoch = Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
    let moment = Moment::after(epoch, Duration::from_secs(1));
    let first = moment.earlier(Duration::MAX);
    assert!(first.wall() < moment.wall());
    assert_eq!(first.earlier(Duration::from_secs(1)).wall(), first.wall());
    assert!(first.has_come(epoch));
}
