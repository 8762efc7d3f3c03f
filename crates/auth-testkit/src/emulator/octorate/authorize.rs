//! The authorize page, without a browser.

use super::{AUTHORIZE, OctorateEmulator, OctorateKnobs};
use crate::{
    emulator::{
        authorize::{callback, visit},
        check::Parameters,
        desk::Desk,
    },
    ledger::{DeviationKind, Notes, Request},
};

/// A user in front of the page.
struct Visit {
    redirect_uri: String,
    state: Option<String>,
}

impl Visit {
    /// Returns where the browser is sent.
    fn callback(&self, outcome: (&str, &str), blindly: bool) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs = [outcome].into_iter().chain(state);
        callback(&self.redirect_uri, pairs, blindly)
    }
}

impl OctorateEmulator {
    /// Plays a user who opens `address` and approves for [`OctorateKnobs::property`]; returns the callback, or
    /// nothing where the user is left on an error page.
    pub fn approve(&self, address: &str) -> Option<String> {
        let property = self.desk().knobs.property.clone();
        self.approve_for(address, &property)
    }

    /// Plays a user who approves for this property.
    pub fn approve_for(&self, address: &str, property: &str) -> Option<String> {
        visit(self, address, 200, |desk, request, now, notes| {
            let visit = desk.open(request, notes)?;
            let code = desk.new_code(&visit.redirect_uri, property, now);
            Some(visit.callback(("code", &code), desk.knobs.append_blindly))
        })
    }

    /// Plays a user who refuses. What happens then is not documented; the callback is the standard's.
    pub fn deny(&self, address: &str) -> Option<String> {
        visit(self, address, 200, |desk, request, _, notes| {
            let visit = desk.open(request, notes)?;
            let refusal = ("error", "access_denied");
            Some(visit.callback(refusal, desk.knobs.append_blindly))
        })
    }
}

impl Desk<OctorateKnobs> {
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
        let registered = self.own.redirect_uris.iter().any(|own| own == redirect_uri);
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
