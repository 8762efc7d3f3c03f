//! How Octorate behaves.

use std::time::Duration;

/// What is not documented about Octorate, or differs between its generations.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OctorateKnobs {
    /// Which members a token reply has. The older ones.
    pub generation: ReplyGeneration,
    /// How `expireDate` is written. With milliseconds.
    pub date_style: DateStyle,
    /// How long a code lives. 60 s; newer documentation says 180 s.
    pub code_ttl: Duration,
    /// How long an access token lives. 24 h; not documented.
    pub access_ttl: Duration,
    /// The values of `grant_type` with which a code is taken. `code`.
    pub accepted_grant_types: Vec<String>,
    /// Whether refresh may have a `grant_type` without that being a deviation. False: not documented.
    pub grant_type_on_refresh: bool,
    /// Whether the redirect address of the exchange must be that of the authorization, byte for byte. True.
    pub require_exact_redirect_uri: bool,
    /// Whether the callback gets `?code=` at its end even if it has a query. False.
    pub append_blindly: bool,
    /// Whether answers have a `Date` header. True.
    pub send_date_header: bool,
    /// By how many seconds the server's time of day is ahead of the clock. 0.
    pub server_clock_offset: i64,
    /// The status for a wrong client, code or refresh token. 403; 400 and 401 are as likely.
    pub error_status_bad_credentials: u16,
    /// Whether a new authorization withdraws the property's former refresh token. True.
    pub reauthorization_cancels: bool,
    /// The property for which users approve. `16997`.
    pub property: String,
    /// Whether a new property belongs to a network, so that one refresh token covers several. False.
    pub network: bool,
    /// What kind of account this is. A sandbox.
    pub environment: Environment,
    /// Whether resources refuse the account as one of the wrong kind. False.
    pub wrong_environment: bool,
    /// Whether resources answer 404 without a body, as an unreachable sandbox does. False.
    pub sandbox_unreachable: bool,
    /// How many more resource calls are answered before 403 `ApiQuotaException`. Off.
    pub quota: Option<u64>,
    /// What the configuration says about maintenance. False.
    pub maintenance: bool,
}

impl Default for OctorateKnobs {
    fn default() -> Self {
        Self {
            generation: ReplyGeneration::Legacy,
            date_style: DateStyle::Millis,
            code_ttl: Duration::from_secs(60),
            access_ttl: Duration::from_secs(86_400),
            accepted_grant_types: vec!["code".into()],
            grant_type_on_refresh: false,
            require_exact_redirect_uri: true,
            append_blindly: false,
            send_date_header: true,
            server_clock_offset: 0,
            error_status_bad_credentials: 403,
            reauthorization_cancels: true,
            property: "16997".into(),
            network: false,
            environment: Environment::Sandbox,
            wrong_environment: false,
            sandbox_unreachable: false,
            quota: None,
            maintenance: false,
        }
    }
}

/// Which members a token reply has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyGeneration {
    /// `expireDate` and no lifetime.
    Legacy,
    /// Every member of both generations.
    Modern,
    /// One and the other in turn, beginning with the older.
    Mixed,
}

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateStyle {
    /// `2031-03-17T17:41:51.178Z`.
    Millis,
    /// `2031-03-17T17:41:51Z`.
    Seconds,
    /// `2031-03-17T17:41:51.693Z[UTC]` (RFC 9557).
    IxdtfUtc,
}

/// What kind of account the client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// For development: redirect addresses may be changed.
    Sandbox,
    /// For real: they may not.
    Production,
}
