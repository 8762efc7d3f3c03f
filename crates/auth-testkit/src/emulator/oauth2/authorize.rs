//! The authorize page of the standard server, without a browser.

use super::{AUTHORIZE, OAuth2Emulator, OAuth2Knobs};
use crate::{
    canary::canary,
    emulator::{
        authorize::{callback, visit},
        check::Parameters,
        desk::Desk,
    },
    ledger::{DeviationKind, Notes, Request, SecretKind},
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
        visit(self, address, 400, |desk, request, now, notes| {
            let code = desk.open(request, notes)?;
            let redirect_uri = code.redirect_uri.clone();
            let text = canary("oauth2-code");
            desk.ledger.secret(SecretKind::Code, &text);
            let ends = now.monotonic + desk.knobs.code_ttl;
            desk.own.codes.issue(&text, Some(ends), code);
            Some(desk.callback(request, &redirect_uri, ("code", &text)))
        })
    }

    /// Plays a user who refuses.
    pub fn deny(&self, address: &str) -> Option<String> {
        visit(self, address, 400, |desk, request, _, notes| {
            let code = desk.open(request, notes)?;
            let refusal = ("error", "access_denied");
            Some(desk.callback(request, &code.redirect_uri, refusal))
        })
    }
}

impl Desk<OAuth2Knobs> {
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

    fn callback(&self, request: &Request, redirect_uri: &str, outcome: (&str, &str)) -> String {
        let given = Parameters::new(request.query());
        let state = given.get("state").map(|own| ("state", own));
        let issuer = self.knobs.issuer.as_deref().map(|own| ("iss", own));
        let pairs = [Some(outcome), state, issuer];
        callback(redirect_uri, pairs.into_iter().flatten(), false)
    }
}
