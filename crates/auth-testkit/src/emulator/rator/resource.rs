//! The core context of the Rator REST API.

use std::time::Duration;

use serde_json::json;

use super::{RatorKnobs, answers::challenge};
use crate::{
    emulator::{check::bearer, desk::Desk, vault::Standing},
    ledger::{DeviationKind, Notes, Request},
    server::Answer,
};

impl Desk<RatorKnobs> {
    pub(super) fn resource(
        &self,
        request: &Request,
        name: &str,
        now: Duration,
        notes: &mut Notes,
    ) -> Answer {
        for header in ["authorization", "x-rator-brand-key"] {
            match request.header_values(header).count() {
                0 => notes.deviation(DeviationKind::MissingHeader, header),
                1 => {}
                _ => notes.deviation(DeviationKind::RepeatedHeader, header),
            }
        }
        let Some(token) = bearer(request) else {
            let text = "Full authentication is required to access this resource";
            return challenge(401, "unauthorized", text);
        };
        let text = match self.access.standing(token, now) {
            Standing::Good(_) => None,
            Standing::Expired(_) => Some("Access token expired"),
            Standing::Dead(_) | Standing::Unknown => Some("Invalid access token"),
        };
        if let Some(text) = text {
            let echo = self.knobs.echoes().then(|| format!("{text}: {token}"));
            return challenge(401, "invalid_token", echo.as_deref().unwrap_or(text));
        }
        let Some(brand) = request.header("x-rator-brand-key") else {
            return missing(self.knobs.missing_brand_status);
        };
        if !self.knobs.brands.values().any(|own| own == brand) {
            notes.deviation(DeviationKind::HeaderValue, "x-rator-brand-key");
            return missing(self.knobs.wrong_brand_status);
        }
        match name {
            "missing" => missing(404),
            "forbidden" => challenge(403, "access_denied", "Access is denied"),
            _ => Answer::json(200, json!({"balance": 12}).to_string()),
        }
    }
}

fn missing(status: u16) -> Answer {
    let body = json!({"message": "The resource does not exist"});
    Answer::json(status, body.to_string())
}
