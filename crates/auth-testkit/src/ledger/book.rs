//! Writing into a ledger.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use super::{
    Deviation, DeviationKind, Entry, Ledger, Outcome, Place, Request, SecretKind, secrets::Secrets,
};

/// What stands in a ledger.
#[derive(Default)]
pub(super) struct Book {
    pub(super) entries: BTreeMap<usize, Entry>,
    pub(super) keep: Option<usize>,
    pub(super) arrived: usize,
    pub(super) processed: usize,
    pub(super) connections: usize,
    /// Each grant with how often it was asked for, and how often that was processed.
    pub(super) grants: BTreeMap<String, (usize, usize)>,
    pub(super) statuses: BTreeMap<u16, usize>,
    pub(super) deviations: Vec<Deviation>,
    pub(super) secrets: Secrets,
    pub(super) foreign: Vec<Ledger>,
    pub(super) issuers: Vec<Ledger>,
    /// The addresses of redirects that were given as answers.
    pub(super) redirects: Vec<String>,
    pub(super) address: Option<SocketAddr>,
}

impl Book {
    pub(super) fn trim(&mut self) {
        while self.keep.is_some_and(|keep| self.entries.len() > keep) {
            self.entries.pop_first();
        }
    }
}

/// What an emulator has to say about one request.
pub(crate) struct Notes {
    number: usize,
    deviations: Vec<Deviation>,
    grant: Option<String>,
}

impl Notes {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            deviations: Vec::new(),
            grant: None,
        }
    }

    /// Notes a deviation about the parameter, header or other part called `name`.
    pub(crate) fn deviation(&mut self, kind: DeviationKind, name: &str) {
        let deviation = Deviation::new(self.number, kind, name);
        if !self.deviations.contains(&deviation) {
            self.deviations.push(deviation);
        }
    }

    /// Names the grant that the request asks for.
    pub(crate) fn grant(&mut self, name: &str) {
        self.grant = Some(name.to_owned());
    }
}

impl Ledger {
    pub(crate) fn serves(&self, address: SocketAddr) {
        self.book().address = Some(address);
    }

    pub(crate) fn connected(&self) {
        self.book().connections += 1;
    }

    /// Adds a secret of the emulator's, with where it belongs.
    pub(crate) fn secret(&self, kind: SecretKind, value: &str) {
        self.book().secrets.add(kind, value);
    }

    /// Says at which places of requests for paths that begin with `path` secrets of each kind belong.
    pub(crate) fn belongs(
        &self,
        path: &str,
        places: impl IntoIterator<Item = (SecretKind, Place)>,
    ) {
        self.book().secrets.belongs(path, places);
    }

    pub(crate) fn redirected(&self, location: &str) {
        self.book().redirects.push(location.to_owned());
    }

    pub(crate) fn arrived(&self, request: Arc<Request>) -> usize {
        let followed = self.is_redirected(&request);
        let number = {
            let mut book = self.book();
            let number = book.arrived;
            book.arrived += 1;
            if followed {
                let kind = DeviationKind::RedirectFollowed;
                book.deviations
                    .push(Deviation::new(number, kind, "location"));
            }
            if book.keep != Some(0) {
                book.entries.insert(number, Entry::new(number, request));
                book.trim();
            }
            number
        };
        self.0.arrived.send_modify(|count| *count += 1);
        number
    }

    /// Adds what an emulator has to say about a request.
    pub(crate) fn noted(&self, notes: Notes, processed: bool) {
        let mut book = self.book();
        if let Some(grant) = &notes.grant {
            let (attempts, done) = book.grants.entry(grant.clone()).or_default();
            *attempts += 1;
            *done += usize::from(processed);
            if let Some(entry) = book.entries.get_mut(&notes.number) {
                entry.name_grant(grant);
            }
        }
        book.deviations.extend(notes.deviations);
    }

    pub(crate) fn finished(&self, number: usize, outcome: Outcome) {
        {
            let mut book = self.book();
            *book.statuses.entry(outcome.status()).or_default() += 1;
            book.processed += usize::from(outcome.is_processed());
            if let Some(entry) = book.entries.get_mut(&number) {
                entry.finish(outcome);
            }
        }
        self.0.finished.send_modify(|count| *count += 1);
    }

    /// Returns whether `request` goes where this server, or one that is watched, redirected to.
    fn is_redirected(&self, request: &Request) -> bool {
        let (others, address) = {
            let book = self.book();
            let others = [book.foreign.as_slice(), &book.issuers].concat();
            if book.redirects.is_empty() && others.is_empty() {
                return false;
            }
            (others, book.address)
        };
        let (target, host) = (request.target(), request.header("host"));
        let mut whole = vec![format!("http://{}{target}", host.unwrap_or_default())];
        whole.extend(address.map(|own| format!("http://{own}{target}")));
        if others.iter().any(|other| other.gave(&whole)) {
            return true;
        }
        whole.push(target.to_owned());
        self.gave(&whole)
    }

    /// Returns whether a redirect given here leads to one of these addresses.
    fn gave(&self, addresses: &[String]) -> bool {
        let book = self.book();
        let mut redirects = book.redirects.iter();
        redirects.any(|location| addresses.contains(location))
    }
}
