//! Refused tokens.

use crate::{
    Cached, Held, Peek, Token, TokenSource,
    sync::{
        atomic::{AtomicBool, Ordering},
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use std::sync::Arc;

use super::world::{Provider, Still, give_up, number, source};

fn ask(source: &Cached) -> u64 {
    block_on(source.token()).map_or(u64::MAX, |token| number(&token))
}

fn held(source: &Cached) -> Token {
    let mut held = Held::shared();
    assert_eq!(source.peek(&mut held), Peek::Ready);
    held.take().expect("what was seen is held")
}

/// Whoever refused a token never gets it again, whether a new one lands before, meanwhile or afterwards.
///
/// Caught: a refusal that is not noted while a flight is up; a landing that leaves the mark of a refusal on its token;
/// a forced renewal that takes the place of a flight.
#[test]
fn a_refusal_meets_a_landing() {
    check(2, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = source(&provider);
        let old = held(&source);
        let other = source.clone();
        let renews = thread::spawn(move || block_on(other.renew_now()).map(|token| number(&token)));
        source.reject(&old);
        let got = ask(&source);
        assert!([1, 2].contains(&got), "{got}");
        assert!([1, 2].contains(&renews.join().unwrap().unwrap()));
        runtime::join();
        assert!(provider.exchanges() <= 2);
        // Too late to harm the token that is held now.
        source.reject(&old);
        assert!([1, 2].contains(&number(&held(&source))));
    });
}

/// Two who were refused with one token cause one exchange.
///
/// Caught: a refusal that does not compare the token with the one held.
#[test]
fn two_refusals_make_one_exchange() {
    check(2, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = source(&provider);
        let old = held(&source);
        let (other, copy) = (source.clone(), old.clone());
        let refuses = thread::spawn(move || {
            other.reject(&copy);
            ask(&other)
        });
        source.reject(&old);
        assert_eq!(ask(&source), 1);
        assert_eq!(refuses.join().unwrap(), 1);
        assert_eq!(provider.exchanges(), 1);
    });
}

/// After a refusal returned, no look of anybody finds the refused token, however it learnt of the refusal.
///
/// Caught: a version that moves before the token is refused, or not at all; a refusal that leaves the time for which no look
/// asks the rule.
#[test]
fn a_refusal_reaches_every_look() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = source(&provider);
        let old = held(&source);
        let refused = Arc::new(AtomicBool::new(false));
        let (looker, known) = (source.clone(), Arc::clone(&refused));
        let looks = thread::spawn(move || {
            let mut held = Held::new();
            for _ in 0..2 {
                let before = known.load(Ordering::Acquire);
                let answer = looker.peek(&mut held);
                assert!(
                    !(before && answer != Peek::Absent),
                    "looked after the refusal"
                );
            }
        });
        source.reject(&old);
        refused.store(true, Ordering::Release);
        assert_eq!(source.peek(&mut Held::new()), Peek::Absent);
        looks.join().unwrap();
    });
}

/// Who refused a token does not find it again, even where another refusal or a landing made theirs late.
///
/// Caught: a version that moves after the lock was given back, by a refusal or by a landing.
#[test]
fn a_late_refusal_leaves_no_copy() {
    check(2, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = source(&provider);
        let old = held(&source);
        let refuse = |source: &Cached, old: &Token, mut primed: Held| {
            source.reject(old);
            let answer = source.peek(&mut primed);
            let seen = primed.token().map(number);
            assert!(
                answer == Peek::Absent || seen != Some(0),
                "the refused token"
            );
        };
        let primed = || {
            let mut held = Held::new();
            assert_eq!(source.peek(&mut held), Peek::Ready);
            held
        };
        let (ours, theirs) = (primed(), primed());
        let (other, copy) = (source.clone(), old.clone());
        give_up(source.renew_now());
        let refuses = thread::spawn(move || refuse(&other, &copy, theirs));
        refuse(&source, &old, ours);
        refuses.join().unwrap();
    });
}
