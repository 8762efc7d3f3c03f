//! How the Organization API behaves.

use std::time::Duration;

use crate::BasicDecoding;

/// What is not documented about the Organization API, or differs between its generations.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OrgApiKnobs {
    /// Whether parameters are read from the query. True, as documented.
    pub accept_query: bool,
    /// Whether parameters are read from a form body. False: not documented.
    pub accept_body: bool,
    /// Whether GET is answered like POST. False; it stays a deviation in any case.
    pub accept_get: bool,
    /// How long an access token lives. 86,400 s; older documentation says 300 s.
    pub access_ttl: Duration,
    /// How long a refresh token lives. As long as an access token.
    pub refresh_ttl: Duration,
    /// Whether a refresh token is good for one use. True, as documented.
    pub refresh_single_use: bool,
    /// Whether a refresh token comes with an access token. Always.
    pub issue_refresh_token: IssueRefreshToken,
    /// What becomes of the access token when a refresh brings another. It dies.
    pub old_access_token_after_refresh: OldAccessToken,
    /// The status of `invalid_client`. 400, as documented; the standard wants 401.
    pub invalid_client_status: u16,
    /// The host to which the token endpoint redirects with 308, as the device interface is documented to do. Off.
    pub wrong_region: Option<String>,
    /// How many requests per minute are answered before 429, over all paths. Off.
    pub rate_limit: Option<usize>,
    /// The `Retry-After` of a 429. Off: not documented.
    pub retry_after: Option<String>,
    /// How id and secret are read from the Basic header. Raw.
    pub basic: BasicDecoding,
}

impl Default for OrgApiKnobs {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            accept_query: true,
            accept_body: false,
            accept_get: false,
            access_ttl: day,
            refresh_ttl: day,
            refresh_single_use: true,
            issue_refresh_token: IssueRefreshToken::Always,
            old_access_token_after_refresh: OldAccessToken::Dies,
            invalid_client_status: 400,
            wrong_region: None,
            rate_limit: None,
            retry_after: None,
            basic: BasicDecoding::Raw,
        }
    }
}

/// Whether a reply holds a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueRefreshToken {
    /// It does.
    Always,
    /// The member is there and is null.
    Null,
    /// The member is not there.
    Absent,
}

/// What becomes of an access token when a refresh brings another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OldAccessToken {
    /// It is refused at once.
    Dies,
    /// It is accepted until it ends by itself.
    Lives,
}
