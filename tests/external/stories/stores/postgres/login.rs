//! A login that is renewed by the engine, with the store below it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{Cached, Event, OnStoreFailure, Origins, Policy, Secret, TokenSource, TokenStore};
use auth_store::Backend;
use auth_store_postgres::PostgresStore;
use auth_testkit::{Gate, ManualClock, ScriptedGrant};

use super::key;

const HOUR: Duration = Duration::from_secs(3600);

/// How long the real thing may take for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// An engine over the store, whose exchanges each spend the refresh token of the one before.
pub(super) struct Login {
    source: Cached,
    grant: ScriptedGrant,
    clock: ManualClock,
    events: Arc<Mutex<Vec<&'static str>>>,
    number: usize,
}

impl Login {
    pub(super) fn new(store: PostgresStore) -> Self {
        let (grant, clock) = (ScriptedGrant::new(), ManualClock::new());
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let mut policy = Policy::default();
        policy.on_store_failure = OnStoreFailure::Serve;
        // The server is on real time: no attempt may end because the story moves its own clock forward.
        policy.exchange_timeout = 100 * 365 * 24 * HOUR;
        let origins = Origins::parse("https://api.example").expect("it is an origin");
        let source = Cached::builder(grant.clone(), origins)
            .policy(policy)
            .store(store.in_plain_text().clock(clock.clone()), key())
            .clock(clock.clone())
            .observer(move |_: &str, event: &Event| {
                heard.lock().unwrap().push(match event {
                    Event::Unsaved { .. } => "unsaved",
                    Event::Saved => "saved",
                    Event::LoginRequired { .. } => "login required",
                    _ => return,
                });
            })
            .build();
        Self {
            source,
            grant,
            clock,
            events,
            number: 0,
        }
    }

    /// Obtains the first token.
    pub(super) async fn begins(&mut self) {
        self.follow(None);
        assert_eq!(self.token().await, "access-1");
    }

    /// Lets the token end, and obtains the next one with the refresh token before.
    pub(super) async fn renews(&mut self) {
        self.ends(None);
        assert_eq!(self.token().await, format!("access-{}", self.number));
    }

    /// As [`renews`](Self::renews), with something that happens while the provider thinks.
    pub(super) async fn renews_while(&mut self, happens: impl Future<Output = ()>) {
        let gate = Gate::new();
        self.ends(Some(&gate));
        let number = self.number;
        let fault = async {
            self.grant.until_calls(number).await;
            happens.await;
            gate.open();
        };
        let (token, ()) = tokio::join!(self.token(), fault);
        assert_eq!(token, format!("access-{number}"));
    }

    /// The token that is good needs no store.
    pub(super) async fn still_serves(&self) {
        let calls = self.grant.calls();
        assert_eq!(self.token().await, format!("access-{}", self.number));
        assert_eq!(self.grant.calls(), calls);
    }

    /// Lets time go by until what waits to be saved is saved.
    pub(super) async fn is_saved_later(&self) {
        let saved = async {
            loop {
                let status = self.source.status();
                let told = self.events.lock().unwrap().last().copied();
                match (status.unsaved, status.renewing) {
                    (false, false) if told == Some("saved") => break,
                    (true, false) => self.clock.advance(Duration::from_millis(100)),
                    _ => {}
                }
                tokio::task::yield_now().await;
            }
        };
        let saved = tokio::time::timeout(PATIENCE, saved).await;
        saved.unwrap_or_else(|_| panic!("never saved: {:?}", self.source.status()));
    }

    /// The last login is what everybody finds, and nobody holds it locked.
    pub(super) async fn is_stored_in(&self, store: &dyn TokenStore) {
        let lease = tokio::time::timeout(PATIENCE, store.lease(&key())).await;
        let mut lease = lease.expect("a lock is stuck").expect("the store is there");
        let record = lease.load().await.expect("the store is there");
        let record = record.expect("the login is gone");
        let refresh = record.set.refresh().map(Secret::expose);
        assert_eq!(refresh, Some(&*format!("refresh-{}", self.number)));
        lease.release().await.expect("the store is there");
        // Each exchange presented what the one before brought: nothing was spent twice, and nothing was lost.
        for (index, seen) in self.grant.seen().iter().enumerate().skip(1) {
            assert!(
                seen.presents(&format!("refresh-{index}")),
                "exchange {index}"
            );
        }
        assert_eq!(self.told("login required"), 0);
    }

    pub(super) fn told(&self, event: &str) -> usize {
        let events = self.events.lock().unwrap();
        events.iter().filter(|told| **told == event).count()
    }

    async fn token(&self) -> String {
        let token = tokio::time::timeout(PATIENCE, self.source.token()).await;
        let token = token.expect("a token takes for ever");
        token
            .expect("there is a token")
            .access()
            .expose()
            .to_owned()
    }

    fn ends(&mut self, gate: Option<&Gate>) {
        self.follow(gate);
        self.clock.advance(2 * HOUR);
    }

    fn follow(&mut self, gate: Option<&Gate>) {
        self.number += 1;
        if let Some(gate) = gate {
            self.grant.waits(gate);
        }
        let number = self.number;
        let (access, refresh) = (format!("access-{number}"), format!("refresh-{number}"));
        self.grant.rotates_to(&access, HOUR, &refresh);
    }
}
