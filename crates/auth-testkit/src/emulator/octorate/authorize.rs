//! The authorize page, without a browser.

use std::sync::Arc;

use auth_core::Now;

use super::{AUTHORIZE, OctorateEmulator, state::State};
use crate::{
    emulator::{callback::callback, check::Parameters},
    ledger::{DeviationKind, Notes, Outcome, Request},
};

/// A user in front of the page.
pub(super) struct Visit {
    pub(super) redirect_uri: String,
    state: Option<String>,
}

impl Visit {
    /// Returns where the browser is sent.
    pub(super) fn callback(&self, parameters: &[(&str, &str)], blindly: bool) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs = parameters.iter().copied().chain(state);
        callback(&self.redirect_uri, pairs, blindly)
    }
}

impl OctorateEmulator {
    /// Opens `address` and lets `decide` say where the browser goes, if the page lets the user decide at all.
    pub(super) fn visit(
        &self,
        address: &str,
        decide: impl FnOnce(&mut State, &Visit, Now) -> String,
    ) -> Option<String> {
        let target = address.strip_prefix(&self.base_url()).unwrap_or(address);
        let now = self.clock.now();
        let host = ("host".to_owned(), self.server.address().to_string());
        let request = Arc::new(Request::new("GET", target, vec![host]).at(now));
        let number = self.ledger().arrived(Arc::clone(&request));
        let mut notes = Notes::new(number);
        notes.grant("authorize");
        let mut state = self.state();
        let visit = state.open(&request, &mut notes);
        let callback = visit.map(|visit| decide(&mut state, &visit, now));
        let status = if callback.is_some() { 302 } else { 200 };
        self.ledger().noted(notes, true);
        self.ledger().finished(number, Outcome::Processed(status));
        callback
    }
}

impl State {
    fn open(&self, request: &Request, notes: &mut Notes) -> Option<Visit> {
        let parameters = Parameters::new(request.query());
        if request.path() != AUTHORIZE {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            return None;
        }
        if request.target().contains('#') {
            notes.deviation(DeviationKind::Target, "target");
        }
        if let Some(name) = parameters.repeated() {
            notes.deviation(DeviationKind::RepeatedParameter, name);
            return None;
        }
        for (name, value) in request.query() {
            if !["client_id", "redirect_uri", "state"].contains(&name.as_str()) {
                notes.deviation(DeviationKind::UnexpectedParameter, &name);
            } else if value.is_empty() {
                notes.deviation(DeviationKind::EmptyParameter, &name);
            }
        }
        for name in ["client_id", "redirect_uri", "state"] {
            if parameters.get(name).is_none() {
                notes.deviation(DeviationKind::MissingParameter, name);
            }
        }
        let redirect_uri = parameters.get("redirect_uri")?;
        let registered = self.redirect_uris.iter().any(|own| own == redirect_uri);
        if !registered || !redirect_uri.starts_with("https://") {
            notes.deviation(DeviationKind::RedirectUri, "redirect_uri");
        }
        if !registered || parameters.get("client_id") != Some(&self.client.0) {
            return None;
        }
        Some(Visit {
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.get("state").map(str::to_owned),
        })
    }
}
