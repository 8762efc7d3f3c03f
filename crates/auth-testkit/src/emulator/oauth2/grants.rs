//! The grants of the standard server.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{OAuth2Knobs, handler::error};
use crate::{
    OldAccessToken,
    canary::canary,
    emulator::{check::Parameters, desk::Desk, json::object, vault::Standing},
    ledger::{DeviationKind, Notes, SecretKind},
    server::Answer,
};

/// All tokens that go back to one login.
pub(super) type Family = usize;

/// What is known about a refresh token.
#[derive(Clone)]
pub(crate) struct Refresh {
    family: Family,
    spent: Option<Duration>,
}

impl Desk<OAuth2Knobs> {
    pub(super) fn grant(
        &mut self,
        grant: &str,
        all: &Parameters,
        now: Duration,
        notes: &mut Notes,
    ) -> Answer {
        let scope = all.get("scope").map(str::to_owned);
        match grant {
            "" => error(400, "invalid_request"),
            "client_credentials" => {
                let with_refresh = self.knobs.refresh_for_client_credentials;
                self.log_in(with_refresh, scope, now)
            }
            "password" => {
                let (name, password) = &self.own.user;
                let known =
                    all.get("username") == Some(name) && all.get("password") == Some(password);
                if known {
                    self.log_in(true, scope, now)
                } else {
                    error(400, "invalid_grant")
                }
            }
            "authorization_code" => self.redeem(all, now, notes),
            "refresh_token" => self.renew(all, scope, now),
            _ => {
                notes.deviation(DeviationKind::GrantName, grant);
                error(400, "unsupported_grant_type")
            }
        }
    }

    fn redeem(&mut self, all: &Parameters, now: Duration, notes: &mut Notes) -> Answer {
        let code = all.get("code").unwrap_or_default();
        let about = match self.own.codes.standing(code, now) {
            Standing::Good(about) => about.clone(),
            _ => return error(400, "invalid_grant"),
        };
        self.own.codes.kill(code);
        if all.get("redirect_uri") != Some(&about.redirect_uri) {
            notes.deviation(DeviationKind::RedirectUri, "redirect_uri");
            return error(400, "invalid_grant");
        }
        let verifier = all.get("code_verifier");
        let answer = verifier.map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if answer != about.challenge {
            notes.deviation(DeviationKind::ParameterValue, "code_verifier");
            return error(400, "invalid_grant");
        }
        self.log_in(true, about.scope, now)
    }

    fn log_in(&mut self, with_refresh: bool, scope: Option<String>, now: Duration) -> Answer {
        let family = self.new_family();
        let refresh = with_refresh.then(|| self.new_refresh(family, now));
        self.reply(family, refresh, scope, now)
    }

    fn renew(&mut self, all: &Parameters, scope: Option<String>, now: Duration) -> Answer {
        let Some(token) = all.get("refresh_token") else {
            return error(400, "invalid_request");
        };
        let (family, spent) = match self.refresh.standing(token, now) {
            Standing::Good(about) => (about.family, about.spent),
            _ => return error(400, "invalid_grant"),
        };
        if let Some(spent) = spent {
            self.own.reuses += 1;
            if now.saturating_sub(spent) >= self.knobs.reuse_leeway {
                self.own.families_revoked += 1;
                self.refresh.kill_where(|about| about.family == family);
                self.access.kill_where(|own| *own == family);
                return error(400, "invalid_grant");
            }
        }
        if self.knobs.old_access_token_after_refresh == OldAccessToken::Dies {
            self.access.kill_where(|own| *own == family);
        }
        if !self.knobs.rotate {
            return self.reply(family, None, scope, now);
        }
        if let Some(about) = self.refresh.about_mut(token) {
            about.spent = Some(about.spent.unwrap_or(now));
        }
        let refresh = self.new_refresh(family, now);
        self.reply(family, Some(refresh), scope, now)
    }

    pub(super) fn new_family(&mut self) -> Family {
        self.own.families += 1;
        self.own.families
    }

    pub(super) fn new_refresh(&mut self, family: Family, now: Duration) -> String {
        let token = canary("oauth2-refresh");
        self.ledger.secret(SecretKind::RefreshToken, &token);
        let ends = self.knobs.refresh_ttl.map(|ttl| now + ttl);
        let about = Refresh {
            family,
            spent: None,
        };
        self.refresh.issue(&token, ends, about);
        token
    }

    fn reply(
        &mut self,
        family: Family,
        refresh: Option<String>,
        scope: Option<String>,
        now: Duration,
    ) -> Answer {
        let access = canary("oauth2-access");
        self.ledger.secret(SecretKind::AccessToken, &access);
        let ttl = self.knobs.access_ttl;
        self.access.issue(&access, Some(now + ttl), family);
        let mut members: Vec<(&str, Value)> = vec![
            ("access_token", access.into()),
            ("token_type", "Bearer".into()),
        ];
        if self.knobs.tell_expires_in {
            members.push(("expires_in", ttl.as_secs().into()));
        }
        members.extend(refresh.map(|refresh| ("refresh_token", refresh.into())));
        let scope = self.knobs.granted_scope.clone().or(scope);
        members.extend(scope.map(|scope| ("scope", scope.into())));
        Answer::json(200, object(members))
    }
}
