//! The one task that saves what could not be saved.

use crate::{
    Cached, MemoryStore, Policy, TokenSource,
    sync::{
        checker::{block_on, check},
        model::runtime,
    },
};

use super::{
    flaky::{Flaky, key, stored},
    world::{Provider, Still, at_once, builder, number, serves},
};

/// The task that saves gives its place back, so that what cannot be saved later finds another one.
///
/// Caught: a place that is never given back, neither at the end of the task nor by its drop.
#[test]
fn saving_starts_again() {
    check(2, || {
        let (provider, store) = (Provider::new(&Still::default(), &[]), MemoryStore::new());
        let (source, flaky) = unsaved(&provider, &store, at_once(serves()));
        runtime::join();
        assert_eq!(stored(&store), Some(1));
        fails_again(&source, &flaky);
        runtime::join();
        assert_eq!(stored(&store), Some(2));
    });
}

/// The task that saves gives its place back under the lock under which it saw that nothing is left, so that what cannot
/// be saved just then does not wait for a task that is about to end.
///
/// Caught: a place that is given back after the lock, or only by the drop of the task.
#[test]
fn what_fails_as_saving_ends_is_saved() {
    check(2, || {
        let (provider, store) = (Provider::new(&Still::default(), &[]), MemoryStore::new());
        let (source, flaky) = unsaved(&provider, &store, at_once(serves()));
        fails_again(&source, &flaky);
        runtime::join();
        assert_eq!(stored(&store), Some(2));
        assert_eq!(provider.exchanges(), 2);
    });
}

/// A task that saves and is dropped with its runtime has left its place, so the next failure finds it free.
///
/// Caught: a place that counts as taken although its task is gone.
#[test]
fn saving_goes_on_in_another_runtime() {
    check(2, || {
        let (provider, store) = (Provider::new(&Still::default(), &[]), MemoryStore::new());
        let (source, flaky) = unsaved(&provider, &store, serves());
        runtime::shut_down();
        runtime::join();
        fails_again(&source, &flaky);
        drop(source);
        runtime::join();
        assert_eq!(stored(&store), Some(2));
        assert_eq!(provider.exchanges(), 2);
    });
}

/// Returns a source that serves what its first tries could not save, and its store.
fn unsaved(provider: &Provider, store: &MemoryStore, policy: Policy) -> (Cached, Flaky) {
    let flaky = Flaky::failing(store, 3);
    let source = builder(provider)
        .policy(policy)
        .store(flaky.clone(), key())
        .build();
    assert!(block_on(source.token()).is_ok());
    (source, flaky)
}

/// Renews, and cannot save that either at first.
fn fails_again(source: &Cached, flaky: &Flaky) {
    flaky.fail(3);
    let token = block_on(source.renew_now()).map(|token| number(&token));
    assert_eq!(token.ok(), Some(2));
}
