//! One flight for all who wait, whatever becomes of it.

use crate::{
    Cached, Error, ErrorKind, Held, Peek, Sent, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::world::{Answer, LIFE, LONG, Provider, Still, empty, give_up, number, set, source};

fn caller(source: &Cached) -> thread::JoinHandle<Result<u64, Error>> {
    let source = source.clone();
    thread::spawn(move || ask(&source))
}

fn ask(source: &Cached) -> Result<u64, Error> {
    block_on(source.token()).map(|token| number(&token))
}

/// Who leads gets the token of its flight, and whoever looks afterwards sees it.
///
/// Caught: an outcome that is sent before the state has it.
#[test]
fn the_leader_gets_what_its_flight_brought() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late]);
        let source = empty(&provider);
        assert_eq!(ask(&source).ok(), Some(1));
        let mut held = Held::new();
        assert_eq!(source.peek(&mut held), Peek::Ready);
        assert_eq!(held.token().map(number), Some(1));
        assert!(!source.status().renewing);
        assert_eq!(provider.exchanges(), 1);
    });
}

/// Callers who come at once wait for one flight.
///
/// Caught: a caller that gives the lock back between looking for a flight and preparing one.
#[test]
fn waiters_share_one_exchange() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[]);
        let source = empty(&provider);
        let other = caller(&source);
        assert_eq!(ask(&source).ok(), Some(1));
        assert_eq!(other.join().unwrap().ok(), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// A failure is shared too, and the pause after it ends.
///
/// Caught: a failure that leaves its flight in the state.
#[test]
fn waiters_share_one_failure() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[Answer::Down]);
        let source = empty(&provider);
        let other = caller(&source);
        let failed = |result: Result<u64, Error>| result.unwrap_err().kind();
        assert_eq!(failed(ask(&source)), ErrorKind::Unavailable);
        assert_eq!(failed(other.join().unwrap()), ErrorKind::Unavailable);
        assert_eq!(provider.exchanges(), 1);
        clock.leap(LONG);
        assert_eq!(ask(&source).ok(), Some(2));
    });
}

/// A grant that panics wakes everybody, and the next exchange starts after the pause.
///
/// Caught: a guard that says nothing where its thread is panicking.
#[test]
fn a_panic_wakes_every_waiter() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[Answer::Panic]);
        let source = empty(&provider);
        let other = caller(&source);
        let failed = |result: Result<u64, Error>| result.unwrap_err().kind();
        assert_eq!(failed(ask(&source)), ErrorKind::Protocol);
        assert_eq!(failed(other.join().unwrap()), ErrorKind::Protocol);
        assert_eq!(provider.exchanges(), 1);
        clock.leap(LONG);
        assert_eq!(ask(&source).ok(), Some(2));
    });
}

/// Renewals beside the use of a token, however they are asked for, are one exchange; nobody waits for it.
///
/// Caught: `renew` that does not ask whether a flight is up; a rule that waits for that flight in the advisory window.
#[test]
fn an_advised_renewal_starts_once() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = source(&provider);
        clock.leap(LIFE - 100);
        let looker = source.clone();
        let looks = thread::spawn(move || {
            let mut held = Held::new();
            let answer = looker.peek(&mut held);
            if answer == Peek::Renew {
                looker.renew();
            }
            (answer, held.token().map(number))
        });
        let token = give_up(source.token()).expect("nobody waits");
        assert!(number(&token.unwrap()) <= 1);
        let (answer, seen) = looks.join().unwrap();
        assert_ne!(answer, Peek::Absent);
        assert!(seen.is_some());
        runtime::join();
        assert_eq!(provider.exchanges(), 1);
        assert_eq!(ask(&source).ok(), Some(1));
    });
}

/// In the mandatory window a caller waits for the flight that an advised renewal started, and gets the new token.
///
/// Caught: a rule that serves in the mandatory window while a flight is up.
#[test]
fn who_must_wait_joins_the_renewal() {
    check(3, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = source(&provider);
        clock.leap(LIFE - 10);
        let renewer = source.clone();
        let renews = thread::spawn(move || renewer.renew());
        assert_eq!(ask(&source).ok(), Some(1));
        renews.join().unwrap();
        runtime::join();
        assert_eq!(provider.exchanges(), 1);
    });
}

/// A flight that is dropped with its runtime wakes its waiters, and the next call flies on another runtime.
///
/// Caught: a task that is spawned under the lock; a guard that does not abandon its flight; an abandoned flight that stays
/// in the state.
#[test]
fn a_runtime_that_ends_wedges_nobody() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late]);
        let source = empty(&provider);
        let other = caller(&source);
        runtime::shut_down();
        match other.join().unwrap() {
            Ok(token) => assert_eq!(token, 1),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                assert_eq!(error.sent(), Sent::Maybe);
            }
        }
        assert!(ask(&source).is_ok());
        assert!(provider.exchanges() <= 2);
    });
}

/// A login that is put in place waits for the flight that is up, and is what everybody gets afterwards.
///
/// Caught: a login that takes the place of a flight that is up.
#[test]
fn a_login_comes_after_the_flight_that_is_up() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = empty(&provider);
        let other = caller(&source);
        let login = set(7, crate::Clock::now(&clock));
        assert!(block_on(source.login(login)).is_ok());
        assert_eq!(ask(&source).ok(), Some(7));
        assert!([1, 7].contains(&other.join().unwrap().unwrap()));
        runtime::join();
        assert_eq!(ask(&source).ok(), Some(7));
        assert!(provider.exchanges() <= 1);
    });
}
