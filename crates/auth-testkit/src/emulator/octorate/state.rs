//! What Octorate remembers.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use auth_core::{Now, Secret};
use jiff::Timestamp;
use serde_json::Value;

use super::{DateStyle, OctorateKnobs, ReplyGeneration};
use crate::{
    canary::canary,
    emulator::{desk::Desk, json::object, vault::Vault},
    ledger::SecretKind,
    server::Answer,
};

/// What only this server remembers.
#[derive(Clone)]
pub(crate) struct Own {
    pub(super) redirect_uris: Vec<String>,
    pub(super) codes: Vault<Code>,
    pub(super) keys: HashSet<String>,
    /// The keys and properties that were migrated.
    pub(super) migrated: HashSet<(String, String)>,
    pub(super) properties: u64,
    replies: u64,
}

impl Default for Own {
    fn default() -> Self {
        Self {
            redirect_uris: vec!["https://localhost".into()],
            codes: Vault::default(),
            keys: HashSet::new(),
            migrated: HashSet::new(),
            properties: 17_000,
            replies: 0,
        }
    }
}

/// What a code was issued for.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) property: String,
}

/// Whom an access token is for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Admin,
    Property,
}

impl Desk<OctorateKnobs> {
    pub(super) fn add_legacy_key(&mut self) -> Secret {
        let key = canary("octorate-key");
        self.ledger.secret(SecretKind::LegacyKey, &key);
        self.own.keys.insert(key.clone());
        Secret::from(key)
    }

    pub(super) fn new_code(&mut self, redirect_uri: &str, property: &str, now: Now) -> String {
        let code = canary("octorate-code");
        self.ledger.secret(SecretKind::Code, &code);
        let about = Code {
            redirect_uri: redirect_uri.to_owned(),
            property: property.to_owned(),
        };
        self.own
            .codes
            .issue(&code, Some(now.monotonic + self.knobs.code_ttl), about);
        code
    }

    pub(super) fn new_refresh(&mut self, property: &str) -> String {
        let refresh = canary("octorate-refresh");
        self.ledger.secret(SecretKind::RefreshToken, &refresh);
        self.refresh.issue(&refresh, None, property.to_owned());
        refresh
    }

    /// Answers with a new access token, and with `refresh` if there is one.
    pub(super) fn reply(&mut self, owner: Owner, refresh: Option<String>, now: Now) -> Answer {
        let access = canary("octorate-access");
        self.ledger.secret(SecretKind::AccessToken, &access);
        let ttl = self.knobs.access_ttl;
        self.access.issue(&access, Some(now.monotonic + ttl), owner);
        self.own.replies += 1;
        let modern = match self.knobs.generation {
            ReplyGeneration::Legacy => false,
            ReplyGeneration::Modern => true,
            ReplyGeneration::Mixed => self.own.replies % 2 == 0,
        };
        let mut members: Vec<(&str, Value)> = vec![("access_token", access.as_str().into())];
        if modern {
            members.push(("accessToken", access.into()));
        }
        members.extend(refresh.map(|refresh| ("refresh_token", refresh.into())));
        if modern {
            members.push(("token_type", "Bearer".into()));
            members.push(("expires_in", ttl.as_secs().into()));
        }
        members.push(("expireDate", self.date(now, ttl).into()));
        Answer::json(200, object(members))
    }

    /// Returns the server's time of day.
    pub(super) fn wall(&self, now: Now) -> SystemTime {
        let offset = self.knobs.server_clock_offset;
        let by = Duration::from_secs(offset.unsigned_abs());
        let moved = if offset < 0 {
            now.wall.checked_sub(by)
        } else {
            now.wall.checked_add(by)
        };
        moved.unwrap_or(now.wall)
    }

    fn date(&self, now: Now, after: Duration) -> String {
        let ends = self.wall(now).checked_add(after).unwrap_or(now.wall);
        let ends = Timestamp::try_from(ends).unwrap_or(Timestamp::MAX);
        let style = match self.knobs.date_style {
            DateStyle::Millis => "%Y-%m-%dT%H:%M:%S.%3fZ",
            DateStyle::Seconds => "%Y-%m-%dT%H:%M:%SZ",
            DateStyle::IxdtfUtc => "%Y-%m-%dT%H:%M:%S.%3fZ[UTC]",
        };
        ends.strftime(style).to_string()
    }
}
