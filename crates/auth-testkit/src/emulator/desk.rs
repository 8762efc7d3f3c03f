//! What every emulator remembers, and the lock that it is behind.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use auth_core::{Clock, Now};

use super::vault::Vault;
use crate::{
    canary::canary,
    ledger::{Ledger, Notes, Request, SecretKind},
    server::{Answer, Handler},
};

/// The part in which one server differs from another. Its knobs stand for it.
pub(super) trait Provider: Clone + Default + Send + 'static {
    /// The name, with which the made-up client id and secret begin.
    const NAME: &'static str;

    /// What is known about an access token.
    type Access: Clone + Send;
    /// What is known about a refresh token.
    type Refresh: Clone + Send;
    /// What only this server remembers.
    type Own: Clone + Default + Send;

    /// Says where secrets belong, and makes up the people that this server knows.
    fn open(desk: &mut Desk<Self>);

    /// Takes notice of knobs that were changed.
    fn configured(desk: &Desk<Self>) {
        let _ = desk;
    }

    /// Answers a request and notes what was wrong with it.
    fn answer(desk: &mut Desk<Self>, request: &Request, now: Now, notes: &mut Notes) -> Answer;

    /// Returns the time that the `Date` header tells, if there is to be one.
    fn date(desk: &Desk<Self>, now: Now) -> Option<SystemTime> {
        let _ = desk;
        Some(now.wall)
    }
}

/// What an emulator remembers.
#[derive(Clone)]
pub(super) struct Desk<K: Provider> {
    pub(super) knobs: K,
    /// Id and secret.
    pub(super) client: (String, String),
    pub(super) access: Vault<K::Access>,
    pub(super) refresh: Vault<K::Refresh>,
    pub(super) own: K::Own,
    pub(super) ledger: Ledger,
}

impl<K: Provider> Desk<K> {
    pub(super) fn set_client(&mut self, id: &str, secret: &str) {
        self.ledger.secret(SecretKind::ClientSecret, secret);
        self.client = (id.to_owned(), secret.to_owned());
    }
}

/// The desk behind its lock, with a clock on the wall.
pub(super) struct Office<K: Provider> {
    pub(super) clock: Arc<dyn Clock>,
    desk: Mutex<Desk<K>>,
}

impl<K: Provider> Office<K> {
    pub(super) fn new(clock: Arc<dyn Clock>, ledger: Ledger) -> Self {
        let mut desk = Desk {
            knobs: K::default(),
            client: Default::default(),
            access: Vault::default(),
            refresh: Vault::default(),
            own: K::Own::default(),
            ledger,
        };
        let made_up = |what| canary(&format!("{}-{what}", K::NAME));
        desk.set_client(&made_up("client"), &made_up("secret"));
        K::open(&mut desk);
        Self {
            clock,
            desk: Mutex::new(desk),
        }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk<K>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accepts(&self, token: &str) -> bool {
        let now = self.clock.monotonic();
        self.desk().access.is_good(token, now)
    }
}

impl<K: Provider> Handler for Office<K> {
    fn answer(&self, request: &Request, notes: &mut Notes) -> Answer {
        let now = self.clock.now();
        K::answer(&mut self.desk(), request, now, notes)
    }

    fn inspect(&self, request: &Request, notes: &mut Notes) {
        // On a copy: whatever it does to the desk is forgotten.
        let mut desk = self.desk().clone();
        K::answer(&mut desk, request, self.clock.now(), notes);
    }

    fn date(&self, now: Now) -> Option<SystemTime> {
        K::date(&self.desk(), now)
    }
}
