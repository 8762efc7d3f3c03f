//! The rule as a table.

use std::time::{Duration, SystemTime};

use crate::{Lifetime, Moment, Now, Policy};

use super::{super::windows::Windows, Facts, Life, Verdict, decide};

fn at(seconds: u64) -> Now {
    let time = Duration::from_secs(seconds);
    Now::new(
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + time,
        time,
    )
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A token of 1,000 s: renewed from 800 s on, used until 970 s, ended at 1,000 s.
fn windows() -> Windows {
    Windows::new(
        Lifetime::new(at(0), secs(1_000)),
        Some(at(0)),
        &Policy::default(),
        0.0,
    )
}

#[test]
fn rule() {
    let until = Life::Until(windows());
    let mandatory = Some(windows().mandatory());
    let ends = Some(windows().ends);
    let pause = |now, wait| Some(Moment::after(at(now), secs(wait)));
    // token, flight, pause until, failed, now => verdict
    let table = [
        (
            until,
            false,
            None,
            false,
            0,
            Verdict::Serve(Some(windows().advisory())),
        ),
        (
            until,
            true,
            Some(900),
            true,
            799,
            Verdict::Serve(Some(windows().advisory())),
        ),
        (until, false, None, false, 800, Verdict::Renew),
        (until, true, None, false, 800, Verdict::Serve(mandatory)),
        (
            until,
            false,
            Some(810),
            true,
            800,
            Verdict::Serve(pause(800, 10)),
        ),
        (
            until,
            false,
            Some(2_000),
            true,
            800,
            Verdict::Serve(mandatory),
        ),
        (until, false, Some(800), true, 800, Verdict::Renew),
        (until, false, None, false, 970, Verdict::Start),
        (until, true, None, false, 970, Verdict::Wait),
        (
            until,
            false,
            Some(980),
            true,
            970,
            Verdict::Serve(pause(970, 10)),
        ),
        (until, false, Some(2_000), true, 999, Verdict::Serve(ends)),
        (until, true, Some(2_000), true, 999, Verdict::Wait),
        (until, false, None, true, 1_000, Verdict::Start),
        (until, false, Some(2_000), true, 1_000, Verdict::Fail),
        (until, false, Some(2_000), false, 1_000, Verdict::Start),
        (Life::Endless, false, Some(9), true, 5, Verdict::Serve(None)),
        (Life::None, false, None, false, 0, Verdict::Start),
        (Life::None, true, None, false, 0, Verdict::Wait),
        (Life::None, true, Some(9), true, 0, Verdict::Wait),
        (Life::None, false, Some(9), true, 0, Verdict::Fail),
        (Life::None, false, Some(9), true, 9, Verdict::Start),
        (Life::None, false, Some(9), false, 0, Verdict::Start),
    ];
    for (row, (life, flying, retry_at, failed, now, verdict)) in table.into_iter().enumerate() {
        let facts = Facts {
            life,
            flying,
            retry_at: retry_at.map(secs),
            failed,
        };
        assert_eq!(decide(&facts, at(now)), verdict, "row {row}");
    }
}

#[test]
fn either_clock_ends_a_token() {
    let facts = Facts {
        life: Life::Until(windows()),
        flying: false,
        retry_at: None,
        failed: false,
    };
    let (early, late) = (at(0), at(1_000));
    let suspended = Now::new(late.wall, early.monotonic);
    let set_back = Now::new(early.wall, late.monotonic);
    assert_eq!(decide(&facts, suspended), Verdict::Start);
    assert_eq!(decide(&facts, set_back), Verdict::Start);
}

#[test]
fn margins_are_the_smaller_of_time_and_fraction() {
    // lifetime => seconds before the end: advisory, mandatory
    let table = [
        (86_400, 300, 30),
        (1_000, 200, 30),
        (300, 60, 15),
        (10, 2, 0),
    ];
    for (lifetime, advisory, mandatory) in table {
        let windows = Windows::new(
            Lifetime::new(at(0), secs(lifetime)),
            Some(at(0)),
            &Policy::default(),
            0.0,
        );
        let before = |moment: Moment| windows.ends.monotonic() - moment.monotonic();
        assert_eq!(
            before(windows.advisory()).as_secs(),
            advisory,
            "lifetime {lifetime}"
        );
        assert_eq!(
            before(windows.mandatory()).as_secs(),
            mandatory,
            "lifetime {lifetime}"
        );
    }
}

#[test]
fn jitter_moves_the_renewal_earlier_and_never_later() {
    let policy = Policy::default();
    let life = Lifetime::new(at(0), secs(1_000));
    let advisory = |jitter| {
        Windows::new(life, Some(at(0)), &policy, jitter)
            .advisory()
            .monotonic()
    };
    assert_eq!(advisory(0.0), secs(800));
    assert_eq!(advisory(1.0), secs(780));
    assert_eq!(advisory(f64::NAN), secs(800));
}

#[test]
fn a_token_that_ended_before_it_came_is_used_for_one_interval() {
    let windows = Windows::new(
        Lifetime::new(at(0), Duration::ZERO),
        Some(at(5)),
        &Policy::default(),
        1.0,
    );
    assert!(!windows.ends.has_come(at(5)));
    assert!(windows.ends.has_come(at(6)));
}

#[test]
fn a_token_that_ended_before_it_was_handed_in_is_not_used() {
    let windows = Windows::new(Lifetime::new(at(0), secs(5)), None, &Policy::default(), 0.0);
    assert!(windows.ends.has_come(at(5)));
}

#[test]
fn a_pause_ends_in_time_where_the_wall_clock_is_about_to_be_set_back() {
    // By the wall clock, which is ahead, the window ends sooner than the pause; by the other one long after it.
    let ahead = Now::new(at(965).wall, at(0).monotonic);
    let facts = Facts {
        life: Life::Until(windows()),
        flying: false,
        retry_at: Some(secs(10)),
        failed: true,
    };
    let Verdict::Serve(Some(until)) = decide(&facts, ahead) else {
        panic!("it is served");
    };
    let set_back = Now::new(at(900).wall, secs(10));
    assert_eq!(decide(&facts, set_back), Verdict::Renew);
    assert!(until.has_come(set_back), "a look asks again by then");
}
