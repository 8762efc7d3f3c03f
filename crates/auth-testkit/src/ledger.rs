//! Everything that a server was sent, and what was wrong with it.

mod book;
mod deviation;
mod entry;
mod request;
mod secrets;
pub(crate) mod shown;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use self::{book::Book, secrets::Secrets};
pub(crate) use self::{book::Notes, entry::Outcome, secrets::Place};
pub use self::{
    deviation::{Deviation, DeviationKind},
    entry::Entry,
    request::Request,
    secrets::{SecretKind, Stray},
};

/// The record of one server, shared by its clones.
///
/// It keeps the raw bytes of every request, and with them secrets; nothing that it shows holds one.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Shared>);

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    arrived: watch::Sender<usize>,
    finished: watch::Sender<usize>,
}

impl Ledger {
    /// Returns how many requests arrived, answered or not.
    pub fn requests(&self) -> usize {
        self.book().arrived
    }

    /// Returns how many requests the emulator processed.
    pub fn processed(&self) -> usize {
        self.book().processed
    }

    /// Returns how many connections were opened.
    pub fn connections(&self) -> usize {
        self.book().connections
    }

    /// Returns how many processed requests asked for this grant, by its name in the emulator's documentation.
    pub fn count(&self, grant: &str) -> usize {
        self.book().grants.get(grant).map_or(0, |(_, done)| *done)
    }

    /// Returns how many requests asked for this grant, processed or not. One that was reset before its body was read
    /// counts for none.
    pub fn attempts(&self, grant: &str) -> usize {
        self.book().grants.get(grant).map_or(0, |(all, _)| *all)
    }

    /// Returns how many requests were answered with this status.
    pub fn answered(&self, status: u16) -> usize {
        let book = self.book();
        book.statuses.get(&status).copied().unwrap_or_default()
    }

    /// Returns the requests kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.book().entries.values().cloned().collect()
    }

    /// Returns the latest request kept.
    pub fn last(&self) -> Option<Entry> {
        let book = self.book();
        book.entries
            .last_key_value()
            .map(|(_, entry)| entry.clone())
    }

    /// Returns every deviation from the wire specification so far. Whether the request succeeded plays no part.
    pub fn deviations(&self) -> Vec<Deviation> {
        self.book().deviations.clone()
    }

    /// Returns every place where a secret known to the emulator stands in a kept request and does not belong.
    pub fn secrets_out_of_place(&self) -> Vec<Stray> {
        // The foreign books are read first and one at a time, so that two ledgers may watch each other.
        let (foreign, issuers, own) = {
            let book = self.book();
            let rules = book.secrets.rules_alone();
            (book.foreign.clone(), book.issuers.clone(), rules)
        };
        let mut known = Vec::new();
        for (ledgers, rules) in [(foreign, Secrets::default()), (issuers, own)] {
            let secrets = ledgers
                .iter()
                .map(|ledger| ledger.book().secrets.under(&rules));
            known.extend(secrets);
        }
        let book = self.book();
        let all = || std::iter::once(&book.secrets).chain(&known);
        book.entries
            .values()
            .flat_map(|entry| all().flat_map(|secrets| secrets.strays(entry)))
            .collect()
    }

    /// Treats the secrets of `other` as ones that must not be seen here at all, and requests to where `other`
    /// redirected as redirects followed.
    pub fn foreign(&self, other: &Self) {
        if !Arc::ptr_eq(&self.0, &other.0) {
            self.book().foreign.push(other.clone());
        }
    }

    /// Treats the secrets of `issuer` as known here too, under the rules of this server: a resource is sent access
    /// tokens that another server issued.
    pub fn issuer(&self, issuer: &Self) {
        if !Arc::ptr_eq(&self.0, &issuer.0) {
            self.book().issuers.push(issuer.clone());
        }
    }

    /// Adds a secret that must not be seen here at all.
    pub fn forbid(&self, kind: SecretKind, value: &str) {
        self.book().secrets.forbid(kind, value);
    }

    /// Keeps only the latest `count` requests; counters and deviations go on. For load tests.
    pub fn keep(&self, count: usize) {
        let mut book = self.book();
        book.keep = Some(count);
        book.trim();
    }

    /// Waits until `count` requests have arrived in total.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time.
    pub async fn wait_for(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        // The sender lives in this ledger, so the wait cannot end early.
        let _ = arrived.wait_for(|seen| *seen >= count).await;
    }

    /// Waits until the outcome of `count` requests is known.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time.
    pub async fn wait_for_finished(&self, count: usize) {
        let mut finished = self.0.finished.subscribe();
        let _ = finished.wait_for(|seen| *seen >= count).await;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = self.book();
        f.debug_struct("Ledger")
            .field("requests", &book.arrived)
            .field("grants", &book.grants)
            .field("statuses", &book.statuses)
            .field("deviations", &book.deviations)
            .finish_non_exhaustive()
    }
}
