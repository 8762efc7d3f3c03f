//! Callers who go away.

use crate::{
    MemoryStore, TokenSet, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::{
    flaky::{Flaky, key, stored},
    world::{Answer, Provider, Still, builder, empty, give_up, number, set},
};

/// A caller who led and gave up takes nothing with them: the others get the token, and it is kept.
///
/// Caught: a caller that gives the lock back between looking for a flight and preparing one.
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

/// When the last handle goes while an exchange is under way, what it brings is saved, and its task ends.
///
/// No break was tried that this model alone would see.
#[test]
fn an_exchange_outlives_the_last_handle() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late]);
        let store = MemoryStore::new();
        let source = builder(&provider).store(store.clone(), key()).build();
        assert!(give_up(source.token()).is_none_or(|result| result.is_ok()));
        drop(source);
        runtime::join();
        assert_eq!(stored(&store), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// The task that tries to save ends with the last handle, after one more try; time stands still, so nothing else ends it.
///
/// Caught: a drop that leaves nothing to the task.
#[test]
fn saving_ends_with_the_last_handle() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 3);
        let source = builder(&provider).store(flaky, key()).build();
        assert!(block_on(source.token()).is_err());
        drop(source);
        runtime::join();
        assert_eq!(stored(&store), Some(1));
    });
}

/// A login that was begun is put in place although whoever began it went away.
///
/// Caught: a login that takes the place of a flight that is up.
#[test]
fn a_login_is_finished_without_its_caller() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let source = empty(&provider);
        let login: TokenSet = set(7, crate::Clock::now(&clock));
        let work = |_| async move { Ok((login, ())) };
        give_up(source.login_from(work));
        let token = block_on(source.token()).map(|token| number(&token));
        assert!([1, 7].contains(&token.unwrap()));
        runtime::join();
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(7));
    });
}
