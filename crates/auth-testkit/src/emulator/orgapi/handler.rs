//! What the Organization API does with a request.

use std::time::Duration;

use auth_core::Now;
use serde_json::{Value, json};

use super::{IssueRefreshToken, OldAccessToken, OrgApiKnobs, RESOURCES, TOKEN};
use crate::{
    canary::opaque,
    emulator::{
        basic::Basic,
        check::{Body, Parameters, Shape, bearer, check},
        desk::{Desk, Provider},
        vault::Standing,
    },
    ledger::{DeviationKind, Notes, Place, Request, SecretKind},
    server::Answer,
};

impl Provider for OrgApiKnobs {
    const NAME: &'static str = "orgapi";

    type Access = ();
    /// The access token that came with it.
    type Refresh = String;
    /// The minute, and how many requests came in it.
    type Own = (u64, usize);

    fn open(desk: &mut Desk<Self>) {
        let token = [
            (SecretKind::ClientSecret, Place::header("authorization")),
            (SecretKind::ClientSecret, Place::query("client_secret")),
            (SecretKind::RefreshToken, Place::query("refresh_token")),
        ];
        desk.ledger.belongs(TOKEN, token);
        let resource = (SecretKind::AccessToken, Place::header("authorization"));
        desk.ledger.belongs(RESOURCES, [resource]);
    }

    fn answer(desk: &mut Desk<Self>, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let now = now.monotonic;
        if let Some(refused) = desk.limit(now) {
            // It changes nothing, but what is wrong with it is noted all the same.
            drop(desk.clone().answer_to(request, now, notes));
            return refused;
        }
        desk.answer_to(request, now, notes)
    }
}

impl Desk<OrgApiKnobs> {
    fn answer_to(&mut self, request: &Request, now: Duration, notes: &mut Notes) -> Answer {
        if request.path() == TOKEN {
            self.token(request, now, notes)
        } else if let Some(name) = request.path().strip_prefix(RESOURCES) {
            self.resource(request, name, now, notes)
        } else {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            Answer::html(404)
        }
    }

    fn limit(&mut self, now: Duration) -> Option<Answer> {
        let most = self.knobs.rate_limit?;
        let minute = now.as_secs() / 60;
        if self.own.0 != minute {
            self.own = (minute, 0);
        }
        self.own.1 += 1;
        if self.own.1 <= most {
            return None;
        }
        let answer = Answer::json(
            429,
            json!({"error": {"message": "too many requests"}}).to_string(),
        );
        let wait = self.knobs.retry_after.clone();
        Some(match wait {
            Some(wait) => answer.header("retry-after", wait),
            None => answer,
        })
    }

    fn token(&mut self, request: &Request, now: Duration, notes: &mut Notes) -> Answer {
        let all = self.parameters(request);
        let grant = all.get("grant_type").unwrap_or_default().to_owned();
        self.check_token(request, &grant, notes);
        if let Some(host) = &self.knobs.wrong_region {
            let location = format!("https://{host}{}", request.target());
            return Answer::empty(308).header("location", location);
        }
        let get = request.method() == "GET" && self.knobs.accept_get;
        if request.method() != "POST" && !get {
            return Answer::empty(405).header("allow", "POST");
        }
        let basic = self.knobs.basic.read(request, notes);
        let query_client = all.get("client_id").is_some() || all.get("client_secret").is_some();
        let two = basic != Basic::Absent && query_client;
        if two {
            notes.deviation(DeviationKind::TwoCredentials, "client");
        } else if basic == Basic::Absent && !query_client {
            notes.deviation(DeviationKind::MissingCredentials, "client");
        }
        if !grant.is_empty() {
            notes.grant(&grant);
        }
        if all.repeated().is_some() {
            return error(400, "invalid_request");
        }
        match grant.as_str() {
            "" => return error(400, "invalid_request"),
            "client_credentials" | "refresh_token" => {}
            _ => {
                notes.deviation(DeviationKind::GrantName, &grant);
                return error(400, "unsupported_grant_type");
            }
        }
        if two {
            return error(400, "invalid_request");
        }
        if !self.knows(&basic, &all) {
            return error(self.knobs.invalid_client_status, "invalid_client");
        }
        if grant == "client_credentials" {
            return self.issue(now);
        }
        let Some(old) = all.get("refresh_token") else {
            return error(400, "invalid_request");
        };
        self.refresh(old, now)
    }

    fn check_token(&self, request: &Request, grant: &str, notes: &mut Notes) {
        let mut names = vec!["grant_type", "client_id", "client_secret"];
        let mut required = vec!["grant_type"];
        if grant == "refresh_token" {
            names.push("refresh_token");
            required.push("refresh_token");
        }
        let basic = request.header("authorization").is_some();
        let by_form = self.knobs.accept_body && !request.body().is_empty();
        let shape = Shape {
            method: "POST",
            query: if self.knobs.accept_query { &names } else { &[] },
            form: if by_form { &names } else { &[] },
            required: &required,
            body: if by_form { Body::Form } else { Body::Empty },
            headers: if basic { &["authorization"] } else { &[] },
        };
        check(request, &shape, notes);
    }

    /// Returns the parameters from the places that this server reads.
    fn parameters(&self, request: &Request) -> Parameters {
        let mut pairs = Vec::new();
        if self.knobs.accept_query {
            pairs.extend(request.query());
        }
        if self.knobs.accept_body {
            pairs.extend(request.form());
        }
        Parameters::new(pairs)
    }

    fn knows(&self, basic: &Basic, all: &Parameters) -> bool {
        let (id, secret) = match basic {
            Basic::Pair(id, secret) => (Some(id.as_str()), Some(secret.as_str())),
            Basic::Malformed => return false,
            Basic::Absent => (all.get("client_id"), all.get("client_secret")),
        };
        id == Some(&self.client.0) && secret == Some(&self.client.1)
    }

    fn refresh(&mut self, old: &str, now: Duration) -> Answer {
        let Standing::Good(access) = self.refresh.standing(old, now) else {
            return error(400, "invalid_grant");
        };
        let access = access.clone();
        if self.knobs.old_access_token_after_refresh == OldAccessToken::Dies {
            self.access.kill(&access);
        }
        if self.knobs.refresh_single_use {
            self.refresh.kill(old);
        }
        self.issue(now)
    }

    fn issue(&mut self, now: Duration) -> Answer {
        let access = opaque(40);
        self.ledger.secret(SecretKind::AccessToken, &access);
        self.access
            .issue(&access, Some(now + self.knobs.access_ttl), ());
        let mut reply = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.knobs.access_ttl.as_secs(),
        });
        match self.knobs.issue_refresh_token {
            IssueRefreshToken::Always => {
                let refresh = opaque(40);
                self.ledger.secret(SecretKind::RefreshToken, &refresh);
                let ends = Some(now + self.knobs.refresh_ttl);
                self.refresh.issue(&refresh, ends, access);
                reply["refresh_token"] = refresh.into();
            }
            IssueRefreshToken::Null => reply["refresh_token"] = Value::Null,
            IssueRefreshToken::Absent => {}
        }
        Answer::json(200, reply.to_string())
    }

    fn resource(&self, request: &Request, name: &str, now: Duration, notes: &mut Notes) -> Answer {
        if request.header("authorization").is_none() {
            notes.deviation(DeviationKind::MissingHeader, "authorization");
        }
        let good = bearer(request).is_some_and(|token| self.access.is_good(token, now));
        if !good {
            return failure(401, "not authorized");
        }
        match name {
            "demo" => Answer::json(200, json!({"name": "demo"}).to_string()),
            _ => failure(404, "there is no such entity"),
        }
    }
}

/// The error of the token endpoint.
fn error(status: u16, code: &str) -> Answer {
    let body = json!({"error": code, "error_description": "refused by the emulator"});
    let answer = Answer::json(status, body.to_string());
    if status == 401 {
        return answer.header("www-authenticate", "Basic realm=\"oauth2\"");
    }
    answer
}

/// The error of a resource, whose member `error` has another shape.
fn failure(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"message": message}}).to_string())
}
