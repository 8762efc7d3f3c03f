//! How the standard server behaves.

use std::time::Duration;

use crate::{BasicDecoding, OldAccessToken};

/// What RFC 6749 leaves to the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth2Knobs {
    /// How long an access token lives. 300 s.
    pub access_ttl: Duration,
    /// Whether a reply tells `expires_in`. True.
    pub tell_expires_in: bool,
    /// How long a refresh token lives; `None` for one that never ends. `None`.
    pub refresh_ttl: Option<Duration>,
    /// Whether each use of a refresh token brings another. True.
    pub rotate: bool,
    /// How long a spent refresh token may be used again without harm. 0 s.
    pub reuse_leeway: Duration,
    /// Whether client credentials bring a refresh token too. False, by RFC 6749 §4.4.3.
    pub refresh_for_client_credentials: bool,
    /// What becomes of the access token when a refresh brings another. It lives.
    pub old_access_token_after_refresh: OldAccessToken,
    /// How long a code lives. 60 s.
    pub code_ttl: Duration,
    /// Whether a code needs a challenge (RFC 7636). True.
    pub require_pkce: bool,
    /// Whether the client has no secret. False.
    pub public_client: bool,
    /// The scope that is granted, whatever was asked for; `None` to grant what was asked for. `None`.
    pub granted_scope: Option<String>,
    /// The value of `iss` in callbacks (RFC 9207). Off.
    pub issuer: Option<String>,
    /// The redirect address that is registered. `https://client.example/callback`.
    pub redirect_uri: String,
    /// How id and secret are read from the Basic header. Form-encoded, by RFC 6749 §2.3.1.
    pub basic: BasicDecoding,
}

impl Default for OAuth2Knobs {
    fn default() -> Self {
        Self {
            access_ttl: Duration::from_secs(300),
            tell_expires_in: true,
            refresh_ttl: None,
            rotate: true,
            reuse_leeway: Duration::ZERO,
            refresh_for_client_credentials: false,
            old_access_token_after_refresh: OldAccessToken::Lives,
            code_ttl: Duration::from_secs(60),
            require_pkce: true,
            public_client: false,
            granted_scope: None,
            issuer: None,
            redirect_uri: "https://client.example/callback".into(),
            basic: BasicDecoding::Form,
        }
    }
}
