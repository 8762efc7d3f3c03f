//! Logins that are kept, by a store that fails at times, and what is told of them.

use std::{
    panic::resume_unwind,
    sync::{Arc, Mutex},
};

use crate::{
    Cached, ErrorKind, Event, Held, MemoryStore, Peek, Secret, TokenSet, TokenSource,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::{
    flaky::{Flaky, key, stored},
    world::{LONG, Provider, Still, builder, number, own, serves, set},
};

/// A login that cannot be saved is given to nobody, neither by a look nor to a caller. Once it is saved everybody gets it,
/// without another exchange.
///
/// Caught: a login that is handed out although the policy says to fail closed; one that is forgotten when it is not saved.
#[test]
fn nobody_gets_what_is_not_saved() {
    check(1, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 3);
        let source = builder(&provider).store(flaky, key()).build();
        let looker = source.clone();
        let looks = thread::spawn(move || looker.peek(&mut Held::new()));
        let failed = block_on(source.token()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Unavailable);
        assert_eq!(looks.join().unwrap(), Peek::Absent);
        clock.leap(LONG);
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(1));
        drop(source);
        runtime::join();
        assert_eq!(provider.exchanges(), 1);
    });
}

/// Where the policy says so, a login that cannot be saved serves at once, and is saved in the end.
///
/// Caught: a login that is not handed out although the policy says so; one that is forgotten; a drop that leaves nothing.
#[test]
fn what_is_not_saved_may_serve() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let store = MemoryStore::new();
        let flaky = Flaky::failing(&store, 3);
        let source = builder(&provider).policy(serves());
        let source = source.store(flaky, key()).build();
        let other = source.clone();
        let asks = thread::spawn(move || block_on(other.token()).map(|token| number(&token)));
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(1));
        assert_eq!(asks.join().unwrap().ok(), Some(1));
        drop(source);
        runtime::join();
        assert_eq!(stored(&store), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// Two processes with one refresh token in one store spend it once.
///
/// Caught: a lease that is given to two at once; a record that is not read again under the lease.
#[test]
fn two_processes_spend_a_refresh_token_once() {
    check(2, || {
        let provider = Provider::new(&Still::default(), &[]);
        let store = MemoryStore::new();
        let process = || {
            let login = TokenSet::login(Secret::new("r0"));
            let source = builder(&provider).store(store.clone(), key());
            source.previous(login).build()
        };
        let (one, two) = (process(), process());
        let other = thread::spawn(move || block_on(two.token()).map(|token| number(&token)));
        let token = block_on(one.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(1));
        assert_eq!(other.join().unwrap().ok(), Some(1));
        assert_eq!(provider.exchanges(), 1);
    });
}

/// An observer hears all of one exchange in order, may ask the source meanwhile, and harms nobody when it panics.
///
/// Caught: an observer whose panic goes on; an event of a landing or of a refusal that is told under the lock.
#[test]
fn an_observer_that_panics_harms_nobody() {
    check(2, || {
        let clock = Still::default();
        let provider = Provider::new(&clock, &[]);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let asked: Arc<Mutex<Option<Cached>>> = Arc::default();
        let (told, asks) = (Arc::clone(&heard), Arc::clone(&asked));
        let held = set(0, crate::Clock::now(&clock));
        let old = held.token().expect("a token").clone();
        let source = builder(&provider)
            .previous(held)
            .observer(move |_: &str, event: &Event| {
                own(&told).push(match event {
                    Event::Refused => "refused",
                    Event::Rotated => "rotated",
                    Event::Issued { .. } => "issued",
                    _ => "something else",
                });
                let source = own(&asks).clone().expect("there from the start");
                source.status();
                resume_unwind(Box::new("a bug"));
            })
            .build();
        *own(&asked) = Some(source.clone());
        let other = source.clone();
        let asks = thread::spawn(move || block_on(other.token()).map(|token| number(&token)));
        source.reject(&old);
        let token = block_on(source.token()).map(|token| number(&token));
        assert_eq!(token.ok(), Some(1));
        assert!(asks.join().unwrap().unwrap() <= 1);
        runtime::join();
        own(&asked).take();
        // Whoever refuses tells it after noting it, so an exchange may be told of before.
        let mut heard = own(&heard).clone();
        heard.retain(|event| *event != "refused");
        assert_eq!(heard, ["rotated", "issued"]);
    });
}
