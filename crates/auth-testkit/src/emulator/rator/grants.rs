//! The grants of the Rator REST API.

use std::time::Duration;

use super::{
    RatorKnobs, RatorProfile,
    answers::{Failure, Outcome},
};
use crate::{
    canary::{opaque, uuid},
    emulator::{check::Parameters, desk::Desk, vault::Standing},
    ledger::{DeviationKind, Notes, SecretKind},
};

/// By what an access token is found that can be handed out again: user and, if so configured, brand.
pub(super) type ReuseKey = (Option<String>, String);

/// What is known about an access token.
#[derive(Clone)]
pub(crate) struct Access {
    refresh: Option<String>,
}

/// What is known about a refresh token.
#[derive(Clone)]
pub(crate) struct Refresh {
    key: ReuseKey,
}

const KNOWN: [&str; 4] = [
    "password",
    "operator_password",
    "client_credentials",
    "refresh_token",
];

impl Desk<RatorKnobs> {
    pub(super) fn grant(
        &mut self,
        grant: &str,
        all: &Parameters,
        brand: &str,
        now: Duration,
        notes: &mut Notes,
    ) -> Outcome {
        if !KNOWN.contains(&grant) {
            notes.deviation(DeviationKind::GrantName, grant);
            let text = match self.knobs.profile {
                RatorProfile::LegacyUuid => format!("Unsupported grant type: {grant}"),
                _ => "Unsupported grant type".into(),
            };
            return Failure::new(400, "unsupported_grant_type", text).into();
        }
        if !self.knobs.grants.iter().any(|own| own == grant) {
            let text = format!("Unauthorized grant type: {grant}");
            return Failure::new(401, "invalid_client", text).into();
        }
        if all.get("scope").is_some_and(|scope| scope != "read") {
            let failure = Failure::new(400, "invalid_scope", "Invalid scope");
            return failure.with_scope().into();
        }
        let user = match grant {
            "refresh_token" => return self.renew(all, now),
            "client_credentials" => self.operator(all),
            _ => self.login(grant, all),
        };
        match user {
            Ok(user) => {
                let brand = self.knobs.brand_in_reuse_key.then(|| brand.to_owned());
                let with_refresh = grant != "client_credentials";
                self.issue((brand, user), with_refresh, now)
            }
            Err(failure) => failure.into(),
        }
    }

    fn login(&mut self, grant: &str, all: &Parameters) -> Result<String, Failure> {
        let name = all.get("username").unwrap_or_default();
        let locked = self.is_locked(name);
        let refused = || Failure::new(400, "invalid_grant", "Bad credentials");
        let person = self.own.people.get_mut(name).ok_or_else(refused)?;
        if locked {
            return Err(Failure::new(400, "invalid_grant", "User account is locked"));
        }
        if person.grant != grant || all.get("password") != Some(&person.password) {
            person.failures += 1;
            return Err(refused());
        }
        person.failures = 0;
        Ok(name.to_owned())
    }

    fn operator(&self, all: &Parameters) -> Result<String, Failure> {
        let name = all.get("operator");
        if name.is_none() && !self.knobs.client_credentials_requires_operator {
            return Ok(String::new());
        }
        let known = |name: &&str| {
            let person = self.own.people.get(*name);
            person.is_some_and(|person| person.grant == "operator_password")
        };
        name.filter(known)
            .map(str::to_owned)
            .ok_or_else(|| Failure::new(400, "invalid_grant", "Unknown operator"))
    }

    fn renew(&mut self, all: &Parameters, now: Duration) -> Outcome {
        let Some(token) = all.get("refresh_token") else {
            return Failure::new(400, "invalid_request", "Missing refresh token").into();
        };
        let sas = self.knobs.profile == RatorProfile::Sas;
        let echo = |text: &str| match self.knobs.echoes() {
            true => format!("{text}: {token}"),
            false => text.to_owned(),
        };
        let about = match self.refresh.standing(token, now) {
            Standing::Good(about) => about.clone(),
            Standing::Expired(_) if !sas => {
                let text = echo("Invalid refresh token (expired)");
                return Failure::new(401, "invalid_token", text).into();
            }
            _ => return Failure::new(400, "invalid_grant", echo("Invalid refresh token")).into(),
        };
        // Whatever was obtained with this refresh token before dies with its use.
        self.access
            .kill_where(|access| access.refresh.as_deref() == Some(token));
        let refresh = if self.knobs.reuse_refresh_token {
            token.to_owned()
        } else {
            self.refresh.kill(token);
            self.new_refresh(&about.key, now)
        };
        let access = self.new_access(about.key, Some(refresh), now);
        self.reply(&access, now)
    }

    fn issue(&mut self, key: ReuseKey, with_refresh: bool, now: Duration) -> Outcome {
        let held = self.own.current.get(&key).cloned();
        if let Some(held) = held.filter(|_| self.knobs.reuse_access_token) {
            if self.access.is_good(&held, now) {
                return self.reply(&held, now);
            }
        }
        let with_refresh =
            with_refresh && self.knobs.grants.iter().any(|own| own == "refresh_token");
        let refresh = with_refresh.then(|| self.new_refresh(&key, now));
        let access = self.new_access(key, refresh, now);
        self.reply(&access, now)
    }

    fn new_access(&mut self, key: ReuseKey, refresh: Option<String>, now: Duration) -> String {
        let token = self.new_token();
        self.ledger.secret(SecretKind::AccessToken, &token);
        let ends = self.knobs.access_validity.map(|validity| now + validity);
        self.access.issue(&token, ends, Access { refresh });
        self.own.current.insert(key, token.clone());
        token
    }

    fn new_refresh(&mut self, key: &ReuseKey, now: Duration) -> String {
        let token = self.new_token();
        self.ledger.secret(SecretKind::RefreshToken, &token);
        let ends = self.knobs.refresh_validity.map(|validity| now + validity);
        let about = Refresh { key: key.clone() };
        self.refresh.issue(&token, ends, about);
        token
    }

    fn new_token(&self) -> String {
        match self.knobs.profile {
            RatorProfile::LegacyUuid => uuid(),
            RatorProfile::LegacyEcho | RatorProfile::LegacyQuiet => opaque(27),
            RatorProfile::Sas => opaque(128),
        }
    }

    fn reply(&self, token: &str, now: Duration) -> Outcome {
        let sas = self.knobs.profile == RatorProfile::Sas;
        let mut members = vec![
            ("access_token", token.into()),
            ("token_type", if sas { "Bearer" } else { "bearer" }.into()),
        ];
        let about = self.access.about(token);
        if let Some(refresh) = about.and_then(|about| about.refresh.clone()) {
            members.push(("refresh_token", refresh.into()));
        }
        if let Some(ends) = self.access.ends(token) {
            // Some time has always gone by when the reply is written, and what is left is cut to whole seconds.
            let left = ends
                .saturating_sub(now)
                .saturating_sub(Duration::from_millis(1));
            members.push(("expires_in", left.as_secs().into()));
        }
        members.push(("scope", "read".into()));
        Outcome::Success(members)
    }
}
