//! The resources of Octorate.

use auth_core::Now;
use serde_json::{Value, json};

use super::{
    ACCOMMODATION, CONFIGURATION, Environment, OctorateKnobs, answers::error, state::Owner,
};
use crate::{
    emulator::{check::bearer, desk::Desk, vault::Standing},
    ledger::{DeviationKind, Notes, Request},
    server::Answer,
};

impl Desk<OctorateKnobs> {
    pub(super) fn resource(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        if request.header_values("authorization").count() > 1 {
            notes.deviation(DeviationKind::RepeatedHeader, "authorization");
        }
        let Some(token) = bearer(request) else {
            notes.deviation(DeviationKind::MissingHeader, "authorization");
            return error(401, "ApiKeyMissing", "there is no token");
        };
        let Standing::Good(owner) = self.access.standing(token, now.monotonic) else {
            return error(401, "ApiKeyInvalid", "the token is not valid");
        };
        let admin = matches!(request.path(), CONFIGURATION | ACCOMMODATION);
        if admin != (*owner == Owner::Admin) {
            return error(
                403,
                "ApiSecurityException",
                "the token is of the other kind",
            );
        }
        if self.knobs.sandbox_unreachable {
            return Answer::empty(404);
        }
        if self.knobs.wrong_environment {
            return error(403, "WrongEnviroment", "the account is of the other kind");
        }
        let left = match self.knobs.quota {
            Some(0) => return error(403, "ApiQuotaException", "the quota is used up"),
            Some(left) => {
                self.knobs.quota = Some(left - 1);
                left - 1
            }
            None => 100,
        };
        let answer = match (request.path(), request.method()) {
            (CONFIGURATION, "GET") => self.configuration(),
            (CONFIGURATION, "PATCH") => self.patch(request, notes),
            (ACCOMMODATION, "POST") => self.accommodation(request, notes),
            (CONFIGURATION | ACCOMMODATION, method) => {
                notes.deviation(DeviationKind::Method, method);
                error(405, "MethodNotAllowed", "use another method")
            }
            _ => Answer::json(200, json!({"demo": true}).to_string()),
        };
        answer.header("x-ratelimit-remaining", left.to_string())
    }

    fn configuration(&self) -> Answer {
        let environment = match self.knobs.environment {
            Environment::Sandbox => "SANDBOX",
            Environment::Production => "PRODUCTION",
        };
        let body = json!({
            "redirectUri": self.own.redirect_uris,
            "environment": environment,
            "active": true,
            "authMethod": "OAUTH",
            "authorizationPages": ["https://admin.octorate.com/octobook/identity/oauth.xhtml"],
            "quotaLimit": 100,
            "quotaStatus": self.knobs.quota.unwrap_or(100),
            "permissions": {
                "accommodation": "READWRITE", "license": "NONE", "cardDetail": "NONE",
                "content": "READONLY", "reservation": "READWRITE",
            },
            "maintenance": self.knobs.maintenance,
        });
        Answer::json(200, body.to_string())
    }

    fn patch(&mut self, request: &Request, notes: &mut Notes) -> Answer {
        let Some(body) = json_body(request, notes) else {
            return error(400, "JsonParseExemption", "the body is not JSON");
        };
        for name in body.as_object().into_iter().flat_map(|body| body.keys()) {
            if !["redirectUri", "authorizationPages"].contains(&name.as_str()) {
                notes.deviation(DeviationKind::UnexpectedParameter, name);
            }
        }
        match body.get("redirectUri") {
            None => {}
            Some(_) if self.knobs.environment == Environment::Production => {
                return error(403, "ApiSecurityException", "ask the provider for this");
            }
            Some(Value::Null) => self.own.redirect_uris.clear(),
            Some(list) => {
                let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
                let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                let secure = texts.iter().all(|text| text.starts_with("https://"));
                if texts.is_empty() || texts.len() != list.len() || !secure {
                    notes.deviation(DeviationKind::ParameterValue, "redirectUri");
                    return error(400, "ApiValidationFailed", "redirectUri");
                }
                self.own.redirect_uris = texts.into_iter().map(str::to_owned).collect();
            }
        }
        self.configuration()
    }

    fn accommodation(&mut self, request: &Request, notes: &mut Notes) -> Answer {
        if json_body(request, notes).is_none() {
            return error(400, "JsonParseExemption", "the body is not JSON");
        }
        self.own.properties += 1;
        let id = self.own.properties;
        let refresh = self.new_refresh(&id.to_string());
        let mut body = json!({"status": "OK", "id": id, "refresh_token": refresh});
        if self.knobs.network {
            body["refresh_properties"] = json!([id, id + 1]);
        }
        Answer::json(200, body.to_string())
    }
}

fn json_body(request: &Request, notes: &mut Notes) -> Option<Value> {
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        notes.deviation(DeviationKind::Body, "content-type");
    }
    let body = serde_json::from_slice(request.body()).ok();
    if body.is_none() {
        notes.deviation(DeviationKind::Body, "json");
    }
    body
}
