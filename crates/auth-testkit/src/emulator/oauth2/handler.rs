//! What the standard server does with a request.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_core::Clock;
use serde_json::json;

use super::{
    OAuth2Knobs, TOKEN,
    authorize::Code,
    grants::{Family, Refresh},
};
use crate::{
    canary::canary,
    emulator::{
        basic::Basic,
        check::{Body, Parameters, Shape, check},
        vault::Vault,
    },
    ledger::{DeviationKind, Ledger, Notes, Request, SecretKind},
    server::{self, Answer},
};

#[derive(Clone)]
pub(super) struct State {
    pub(super) knobs: OAuth2Knobs,
    pub(super) client: (String, String),
    pub(super) user: (String, String),
    pub(super) codes: Vault<Code>,
    pub(super) access: Vault<Family>,
    pub(super) refresh: Vault<Refresh>,
    pub(super) families: Family,
    pub(super) reuses: usize,
    pub(super) families_revoked: usize,
    pub(super) ledger: Ledger,
}

impl State {
    pub(super) fn new(ledger: Ledger) -> Self {
        let user = (canary("oauth2-user"), canary("oauth2-password"));
        ledger.secret(SecretKind::Password, &user.1);
        let mut state = Self {
            knobs: OAuth2Knobs::default(),
            client: Default::default(),
            user,
            codes: Vault::default(),
            access: Vault::default(),
            refresh: Vault::default(),
            families: 0,
            reuses: 0,
            families_revoked: 0,
            ledger,
        };
        state.set_client(&canary("oauth2-client"), &canary("oauth2-secret"));
        state
    }

    pub(super) fn set_client(&mut self, id: &str, secret: &str) {
        self.ledger.secret(SecretKind::ClientSecret, secret);
        self.client = (id.to_owned(), secret.to_owned());
    }
}

pub(super) struct Handler {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: Arc<Mutex<State>>,
}

impl Handler {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl server::Handler for Handler {
    fn answer(&self, request: &Request, notes: &mut Notes) -> Answer {
        let now = self.clock.monotonic();
        self.state().answer(request, now, notes)
    }

    fn inspect(&self, request: &Request, notes: &mut Notes) {
        // On a copy: whatever it does to its state is forgotten.
        let mut state = self.state().clone();
        state.answer(request, self.clock.monotonic(), notes);
    }
}

impl State {
    fn answer(&mut self, request: &Request, now: Duration, notes: &mut Notes) -> Answer {
        if request.path() != TOKEN {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            return Answer::html(404);
        }
        let all = Parameters::new(request.form());
        self.check(request, &all, notes);
        if request.method() != "POST" {
            return Answer::empty(405).header("allow", "POST");
        }
        let grant = all.get("grant_type").unwrap_or_default();
        if !grant.is_empty() {
            notes.grant(grant);
        }
        if all.repeated().is_some() {
            return error(400, "invalid_request");
        }
        if let Err(answer) = self.authenticate(request, &all, notes) {
            return answer;
        }
        self.grant(grant, &all, now, notes).no_store()
    }
}

impl State {
    fn check(&self, request: &Request, all: &Parameters, notes: &mut Notes) {
        let (required, own): (&[&str], &[&str]) = match all.get("grant_type").unwrap_or_default() {
            "authorization_code" => (&["grant_type", "code", "redirect_uri"], &["code_verifier"]),
            "password" => (&["grant_type", "username", "password"], &["scope"]),
            "refresh_token" => (&["grant_type", "refresh_token"], &["scope"]),
            "client_credentials" => (&["grant_type"], &["scope"]),
            _ => (&["grant_type"], &[]),
        };
        let basic = request.header("authorization").is_some();
        let shape = Shape {
            method: "POST",
            query: &[],
            form: &[
                required,
                own,
                &["client_id", "client_secret", "resource", "audience"],
            ]
            .concat(),
            required,
            body: Body::Form,
            headers: if basic { &["authorization"] } else { &[] },
        };
        check(request, &shape, notes);
    }

    fn authenticate(
        &self,
        request: &Request,
        all: &Parameters,
        notes: &mut Notes,
    ) -> Result<(), Answer> {
        let basic = self.knobs.basic.read(request, notes);
        let by_form = all.get("client_secret").is_some();
        if basic != Basic::Absent && by_form {
            notes.deviation(DeviationKind::TwoCredentials, "client");
            return Err(error(400, "invalid_request"));
        }
        let (id, secret) = &self.client;
        let known = match &basic {
            Basic::Pair(own, proof) => own == id && proof == secret,
            Basic::Malformed => false,
            Basic::Absent => {
                if !by_form && !self.knobs.public_client {
                    notes.deviation(DeviationKind::MissingCredentials, "client");
                }
                let proven = self.knobs.public_client || all.get("client_secret") == Some(secret);
                all.get("client_id") == Some(id) && proven
            }
        };
        if known {
            return Ok(());
        }
        let answer = error(401, "invalid_client");
        Err(answer.header("www-authenticate", "Basic realm=\"token\""))
    }
}

/// Returns an error by RFC 6749 §5.2.
pub(super) fn error(status: u16, code: &str) -> Answer {
    let body = json!({"error": code, "error_description": "refused by the emulator"});
    Answer::json(status, body.to_string()).no_store()
}
