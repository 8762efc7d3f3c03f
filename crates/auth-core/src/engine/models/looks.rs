//! Looks, which share the lock of the state.

use std::sync::Arc;

use crate::{
    Held, Peek, TokenSource,
    sync::{
        atomic::{AtomicBool, Ordering},
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::world::{LIFE, Provider, Still, number, source};

/// Tokens only move forward for who looks, a look is never made of two tokens, and after a renewal was told every look
/// finds its token.
///
/// Caught: a version that moves before the state has the token, or not at all; a look that reads it after it gave the lock
/// back.
#[test]
fn a_rotation_meets_a_look() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = source(&provider);
        let told = Arc::new(AtomicBool::new(false));
        let (looker, known) = (source.clone(), Arc::clone(&told));
        let looks = thread::spawn(move || {
            let mut held = Held::new();
            let mut last = 0;
            for _ in 0..2 {
                let before = known.load(Ordering::Acquire);
                assert_eq!(looker.peek(&mut held), Peek::Ready);
                let seen = held.token().map_or(u64::MAX, number);
                assert!((last..=1).contains(&seen), "{last} and then {seen}");
                assert!(!before || seen == 1, "an old token after the renewal");
                last = seen;
            }
        });
        assert_eq!(
            block_on(source.renew_now())
                .map(|token| number(&token))
                .ok(),
            Some(1)
        );
        told.store(true, Ordering::Release);
        let mut held = Held::new();
        assert_eq!(source.peek(&mut held), Peek::Ready);
        assert_eq!(held.token().map(number), Some(1));
        looks.join().unwrap();
    });
}

/// A look at a time at which the old token is over finds the new one or nothing, never the old token with the end of the
/// new one.
///
/// Caught: a look that does not ask whether the token may still be used; a copy that is taken for current after its time.
#[test]
fn no_look_outlives_its_token() {
    check(3, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = source(&provider);
        clock.leap(LIFE / 2);
        let mut primed = Held::new();
        assert_eq!(source.peek(&mut primed), Peek::Ready);
        let looker = source.clone();
        let time = clock.clone();
        let looks = thread::spawn(move || {
            let mut held = Held::new();
            looker.peek(&mut held);
            // The old token is over now, the new one is not.
            time.leap(LIFE / 2);
            for held in [&mut held, &mut primed] {
                let answer = looker.peek(held);
                let seen = held.token().map(number);
                assert!(
                    answer == Peek::Absent || seen == Some(1),
                    "{answer:?} {seen:?}"
                );
            }
        });
        assert!(block_on(source.renew_now()).is_ok());
        looks.join().unwrap();
        runtime::join();
    });
}

/// Of two who look in the advisory window one is told to renew, and both may send.
///
/// Caught: a look under the lock that does not see what another noted there.
#[test]
fn one_look_is_told_to_renew() {
    check(3, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = source(&provider);
        clock.leap(LIFE - 100);
        let other = source.clone();
        let look = thread::spawn(move || other.peek(&mut Held::new()));
        let mut answers = [source.peek(&mut Held::new()), look.join().unwrap()];
        answers.sort_by_key(|answer| *answer == Peek::Renew);
        assert_eq!(answers, [Peek::Ready, Peek::Renew]);
        assert_eq!(provider.exchanges(), 0);
    });
}
