//! The authorize page of the standard server, without a browser.

use std::sync::Arc;

use super::{AUTHORIZE, OAuth2Emulator, handler::State};
use crate::{
    canary::canary,
    emulator::{callback::callback, check::Parameters},
    ledger::{DeviationKind, Notes, Outcome, Request, SecretKind},
};

/// What a code was issued for.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) scope: Option<String>,
}

impl OAuth2Emulator {
    /// Plays a user who opens `address` and approves; returns the callback, or nothing where the user is left on an
    /// error page.
    pub fn approve(&self, address: &str) -> Option<String> {
        let ends = self.clock.monotonic() + self.state().knobs.code_ttl;
        self.visit(address, |state, code| {
            let text = canary("oauth2-code");
            state.ledger.secret(SecretKind::Code, &text);
            state.codes.issue(&text, Some(ends), code);
            ("code", text)
        })
    }

    /// Plays a user who refuses.
    pub fn deny(&self, address: &str) -> Option<String> {
        self.visit(address, |_, _| ("error", "access_denied".into()))
    }

    fn visit(
        &self,
        address: &str,
        decide: impl FnOnce(&mut State, Code) -> (&'static str, String),
    ) -> Option<String> {
        let target = address.strip_prefix(&self.base_url()).unwrap_or(address);
        let host = ("host".to_owned(), self.server.address().to_string());
        let request = Request::new("GET", target, vec![host]).at(self.clock.now());
        let request = Arc::new(request);
        let number = self.ledger().arrived(Arc::clone(&request));
        let mut notes = Notes::new(number);
        notes.grant("authorize");
        let mut state = self.state();
        let callback = state.open(&request, &mut notes).map(|code| {
            let redirect_uri = code.redirect_uri.clone();
            let (name, value) = decide(&mut state, code);
            let given = Parameters::new(request.query());
            let pairs = [
                Some((name, value.as_str())),
                given.get("state").map(|own| ("state", own)),
                state.knobs.issuer.as_deref().map(|own| ("iss", own)),
            ];
            callback(&redirect_uri, pairs.into_iter().flatten(), false)
        });
        let status = if callback.is_some() { 302 } else { 400 };
        self.ledger().noted(notes, true);
        self.ledger().finished(number, Outcome::Processed(status));
        callback
    }
}

impl State {
    fn open(&self, request: &Request, notes: &mut Notes) -> Option<Code> {
        let all = Parameters::new(request.query());
        if request.path() != AUTHORIZE {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            return None;
        }
        if let Some(name) = all.repeated() {
            notes.deviation(DeviationKind::RepeatedParameter, name);
            return None;
        }
        for name in ["response_type", "client_id", "redirect_uri", "state"] {
            if all.get(name).is_none() {
                notes.deviation(DeviationKind::MissingParameter, name);
            }
        }
        if all.get("response_type").is_some_and(|kind| kind != "code") {
            notes.deviation(DeviationKind::ParameterValue, "response_type");
        }
        let challenge = all.get("code_challenge");
        if challenge.is_none() && self.knobs.require_pkce {
            notes.deviation(DeviationKind::MissingParameter, "code_challenge");
            return None;
        }
        if challenge.is_some() && all.get("code_challenge_method") != Some("S256") {
            notes.deviation(DeviationKind::ParameterValue, "code_challenge_method");
            return None;
        }
        let redirect_uri = all.get("redirect_uri")?;
        if redirect_uri != self.knobs.redirect_uri {
            notes.deviation(DeviationKind::RedirectUri, "redirect_uri");
            return None;
        }
        (all.get("client_id") == Some(&self.client.0)).then(|| Code {
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.map(str::to_owned),
            scope: all.get("scope").map(str::to_owned),
        })
    }
}
