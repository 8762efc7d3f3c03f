//! What the standard server does with a request.

use auth_core::Now;
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
        desk::{Desk, Provider},
        vault::Vault,
    },
    ledger::{DeviationKind, Notes, Place, Request, SecretKind},
    server::Answer,
};

/// What only this server remembers.
#[derive(Clone, Default)]
pub(crate) struct Own {
    /// Name and password.
    pub(super) user: (String, String),
    pub(super) codes: Vault<Code>,
    pub(super) families: Family,
    pub(super) reuses: usize,
    pub(super) families_revoked: usize,
}

impl Provider for OAuth2Knobs {
    const NAME: &'static str = "oauth2";

    type Access = Family;
    type Refresh = Refresh;
    type Own = Own;

    fn open(desk: &mut Desk<Self>) {
        let token = [
            (SecretKind::ClientSecret, Place::header("authorization")),
            (SecretKind::ClientSecret, Place::form("client_secret")),
            (SecretKind::Password, Place::form("password")),
            (SecretKind::RefreshToken, Place::form("refresh_token")),
            (SecretKind::Code, Place::form("code")),
        ];
        desk.ledger.belongs(TOKEN, token);
        desk.own.user = (canary("oauth2-user"), canary("oauth2-password"));
        desk.ledger.secret(SecretKind::Password, &desk.own.user.1);
    }

    fn answer(desk: &mut Desk<Self>, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        if request.path() != TOKEN {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            return Answer::html(404);
        }
        let all = Parameters::new(request.form());
        desk.check(request, &all, notes);
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
        if let Err(answer) = desk.authenticate(request, &all, notes) {
            return answer;
        }
        desk.grant(grant, &all, now.monotonic, notes).no_store()
    }
}

impl Desk<OAuth2Knobs> {
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
