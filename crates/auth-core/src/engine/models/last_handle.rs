//! The last handle, which goes while something is under way.

use crate::{
    MemoryStore, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::{
    flaky::{Flaky, key, stored},
    world::{Answer, Provider, SHORT, Still, at_once, builder, give_up, policy, serves},
};

/// When the last handle goes while an exchange is under way, what it brings is saved, and its task ends.
///
/// Caught: an exchange that is dropped when only its task holds the source.
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
/// Caught: a drop that leaves nothing, no links or no state; a task that holds the source while it sleeps; one that does
/// not try what it was left.
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

/// The pause between two tries ends in the very moment in which the last handle goes. One of the two wakes the task, and
/// it saves all the same.
///
/// Caught: a task that ends where the pause is over and the source is already going.
#[test]
fn the_last_handle_goes_as_the_clock_leaps() {
    check(3, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 3);
        let source = builder(&provider).store(flaky, key()).build();
        assert!(block_on(source.token()).is_err());
        let leaps = thread::spawn(move || clock.leap(SHORT));
        drop(source);
        leaps.join().unwrap();
        runtime::join();
        assert_eq!(stored(&store), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// The last handle goes while a save hangs. When its time is over there is one more try.
///
/// Caught: a task that tries once; a drop that leaves nothing.
#[test]
fn the_last_handle_goes_while_a_save_hangs() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 3);
        let hangs = flaky.hang(&clock);
        let source = builder(&provider).policy(at_once(policy()));
        let source = source.store(flaky, key()).build();
        assert!(block_on(source.token()).is_err());
        assert!(block_on(hangs).is_ok());
        drop(source);
        runtime::join();
        assert_eq!(stored(&store), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// The last handle goes during a renewal, while what the exchange before it brought waits to be saved and the clock leaps.
/// In the end the newer login is stored, whoever saves it.
///
/// Caught: a task that ends where the source is already going; a drop that leaves nothing; a save that takes away what
/// came meanwhile.
#[test]
fn the_last_handle_goes_during_a_renewal() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 6);
        let source = builder(&provider).policy(serves());
        let source = source.store(flaky, key()).build();
        assert!(block_on(source.token()).is_ok());
        give_up(source.renew_now());
        let leaps = thread::spawn(move || clock.leap(SHORT));
        drop(source);
        leaps.join().unwrap();
        runtime::join();
        assert_eq!(stored(&store), Some(2));
        assert_eq!(provider.exchanges(), 2);
    });
}

/// Whoever is told how an exchange ended finds its task gone from the source, so that a tenant who was told can be put
/// aside at once. So it is where the runtime ended.
///
/// Caught: an outcome that is sent before the task lets go, of a landing or of an abandoned flight.
#[test]
fn who_is_told_holds_the_last_handle() {
    check(3, || {
        let provider = Provider::new(&Still::default(), &[Answer::Late]);
        let mut source = builder(&provider).store(MemoryStore::new(), key()).build();
        let ends = thread::spawn(runtime::shut_down);
        // Told of a token, or that there is none.
        drop(block_on(source.token()));
        assert!(source.can_be_put_aside());
        ends.join().unwrap();
    });
}
