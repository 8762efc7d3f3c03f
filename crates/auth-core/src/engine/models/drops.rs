//! Callers who go away.

use crate::{
    TokenSet, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::world::{Answer, Provider, Still, empty, give_up, later, number, set};

/// A caller who led and gave up takes nothing with them: the others get the token, and it is kept.
///
/// Caught: a caller that gives the lock back between looking for a flight and preparing one; one that abandons the flight
/// when its future is dropped.
#[test]
fn a_caller_who_gives_up_takes_no_flight_down() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late]);
        let source = empty(&provider);
        let other = source.clone();
        let gives_up = thread::spawn(move || {
            if let Some(result) = give_up(other.token()) {
                assert_eq!(result.map(|token| number(&token)).ok(), Some(1));
            }
        });
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(1));
        gives_up.join().unwrap();
        runtime::join();
        assert_eq!(provider.exchanges(), 1);
    });
}

/// A login that was begun is put in place although whoever began it went away.
///
/// Caught: a login that takes the place of a flight that is up; work that is done in the caller's own future.
#[test]
fn a_login_is_finished_without_its_caller() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = empty(&provider);
        let login: TokenSet = set(7, crate::Clock::now(&clock));
        let work = |_| async move {
            later().await;
            Ok((login, ()))
        };
        give_up(source.login_from(work));
        let token = block_on(source.token()).map(|token| number(&token));
        assert!([1, 7].contains(&token.unwrap()));
        runtime::join();
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(7));
    });
}
