//! Many tasks at once, under random schedules.

use std::{
    collections::HashSet,
    panic::resume_unwind,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use shuttle::rand::{Rng, thread_rng};

use crate::{
    Cached, Event, Held, MemoryStore, OnStoreFailure, Peek, TokenSource, TokenStore,
    sync::{
        checker::{block_on, check, thread},
        model::runtime,
    },
};

use super::{
    flaky::{Flaky, key},
    world::{Answer, LONG, Provider, Still, builder, give_up, number, own, policy, set},
};

/// What one schedule is made of.
#[derive(Clone)]
struct Storm {
    clock: Still,
    source: Cached,
    /// The numbers of the tokens whose refusal was told and had returned.
    refused: Arc<Mutex<HashSet<u64>>>,
}

impl Storm {
    /// Asks and waits. What was refused before the asking is not the answer.
    fn ask(&self) -> Option<u64> {
        let refused = own(&self.refused).clone();
        let token = block_on(self.source.token()).ok()?;
        assert!(!refused.contains(&number(&token)), "a refused token");
        Some(number(&token))
    }

    fn look(&self, held: &mut Held) -> Peek {
        let refused = own(&self.refused).clone();
        let answer = self.source.peek(held);
        if answer != Peek::Absent {
            let seen = held.token().map(number).expect("an answer has a token");
            assert!(!refused.contains(&seen), "a refused token");
        }
        answer
    }

    fn caller(&self) {
        for _ in 0..2 {
            self.ask();
        }
    }

    fn rejecter(&self) {
        let mut held = Held::new();
        for _ in 0..2 {
            self.look(&mut held);
            if let Ok(token) = block_on(self.source.token()) {
                self.source.reject(&token);
                own(&self.refused).insert(number(&token));
                self.look(&mut held);
                self.ask();
            }
        }
    }

    fn renewer(&self) {
        let mut held = Held::new();
        for _ in 0..3 {
            match self.look(&mut held) {
                Peek::Ready => self.clock.leap(LONG / 2),
                Peek::Renew => self.source.renew(),
                Peek::Absent => drop(block_on(self.source.renew_now())),
            }
        }
    }

    fn dropper(&self) {
        for _ in 0..2 {
            give_up(self.source.token());
            give_up(self.source.renew_now());
        }
    }

    fn login(&self) {
        let login = set(100, crate::Clock::now(&self.clock));
        drop(block_on(self.source.login(login)));
    }
}

/// What an observer asks whenever it hears of something, and how often it got no answer yet.
#[derive(Default)]
struct Asked {
    source: Mutex<Option<Cached>>,
    unanswered: AtomicUsize,
}

impl Asked {
    /// Returns an observer that panics at times.
    fn observer(self: &Arc<Self>) -> impl Fn(&str, &Event) + Send + Sync + 'static {
        let asked = Arc::clone(self);
        move |_, _| {
            let source = own(&asked.source).clone();
            if let Some(source) = source {
                asked.unanswered.fetch_add(1, Ordering::SeqCst);
                source.status();
                asked.unanswered.fetch_sub(1, Ordering::SeqCst);
            }
            if thread_rng().gen_bool(0.5) {
                resume_unwind(Box::new("a bug"));
            }
        }
    }
}

/// Callers, refusals, renewals, callers who give up, a login and at times the end of the runtime, over a provider and a
/// store that fail at random and an observer that panics. There is one exchange at a time, everybody is answered, no
/// refused token is given out, no refresh token is sent twice, and in the end the source is as usable as ever. Where the
/// runtime did not end, the store then has a login that was not spent.
///
/// Caught: 31 of the breaks that docs/models.md names.
#[test]
fn a_storm_leaves_the_source_usable() {
    check(10_000, || {
        let mut random = thread_rng();
        let clock = Still::default();
        let kinds = [Answer::Late, Answer::Down, Answer::Panic, Answer::Late];
        let script: Vec<_> = (0..4).map(|_| kinds[random.gen_range(0..4)]).collect();
        let provider = Provider::new(&clock, &script);
        // Refusals that are told too often do nothing; here all of them count.
        let mut chosen = policy();
        chosen.forced_burst = 100;
        if random.gen_bool(0.5) {
            chosen.on_store_failure = OnStoreFailure::Serve;
        }
        let asked: Arc<Asked> = Arc::default();
        let mut source = builder(&provider).policy(chosen);
        if random.gen_bool(0.5) {
            source = source.observer(asked.observer());
        }
        let store = MemoryStore::new();
        let stores = random.gen_bool(0.5);
        if stores {
            let fails = random.gen_range(0..5);
            source = source.store(Flaky::failing(&store, fails), key());
        }
        if random.gen_bool(0.5) {
            source = source.previous(set(0, crate::Clock::now(&clock)));
        }
        let storm = Storm {
            clock,
            source: source.build(),
            refused: Arc::default(),
        };
        *own(&asked.source) = Some(storm.source.clone());
        let parts = [
            Storm::caller,
            Storm::rejecter,
            Storm::rejecter,
            Storm::renewer,
            Storm::dropper,
            Storm::login,
        ];
        let tasks = parts.map(|part| {
            let storm = storm.clone();
            thread::spawn(move || part(&storm))
        });
        let ends = random.gen_bool(0.25);
        if ends {
            runtime::shut_down();
        }
        for task in tasks {
            task.join().unwrap();
        }
        let usable = (0..10).any(|_| {
            storm.clock.leap(LONG);
            storm.ask().is_some()
        });
        assert!(usable, "nobody is served any more");
        own(&asked.source).take();
        drop(storm);
        runtime::join();
        // The books are kept to the end.
        provider.exchanges();
        let unanswered = asked.unanswered.load(Ordering::SeqCst);
        assert_eq!(unanswered, 0, "an observer asked and got no answer");
        if stores && !ends {
            let record = block_on(store.load(&key())).expect("a store in memory answers");
            let login = record.expect("a login was obtained, and was saved");
            let refresh = login.set.refresh().expect("each has one");
            assert!(!provider.has_spent(refresh), "what is stored was spent");
        }
    });
}
