//! The provider as data.

use std::error::Error as _;

use auth_core::ErrorKind::{Configuration, LoginRequired, Unavailable};
use auth_core::{Error, OnRefusedLogin, Policy};
use auth_oauth2::{Dialect, Expiry, Refusal, Step};

use crate::Config;

/// The `type` of an error that is shown. Any other text may be an echo of the request.
#[rustfmt::skip] // One line for each group of statuses: 400, 401 and 403, 404 and 405, 5xx.
const TYPES: &[&str] = &[
    "ApiParamsExemption", "ApiValidationFailed", "JsonParseExemption",
    "ApiKeyInvalid", "ApiKeyMissing", "ApiQuotaException", "ApiSecurityException", "WrongEnviroment",
    "ApiResourceEmpty", "ApiResourceMissing", "MethodNotAllowed",
    "ApiPartnerServerError", "ApiServerException", "InternalServerError",
];

/// Returns how Octorate departs from RFC 6749.
pub(crate) fn octorate(config: &Config) -> Dialect {
    let mut dialect = refusals();
    dialect.order = &["client_id", "client_secret", "redirect_uri", "grant_type"];
    dialect.grant_types = config.grant_types.clone();
    dialect.expiry = &[Expiry::Seconds("expires_in"), Expiry::Date("expireDate")];
    dialect.access_token = &["access_token", "accessToken"];
    // A refresh token has no end and is not spent, so sending it again after a lost answer is safe.
    dialect.rotates = false;
    dialect.code_max_age = config.code_max_age;
    dialect
}

/// Returns how Octorate refuses, its resources included.
pub(crate) fn refusals() -> Dialect {
    let mut dialect = Dialect::default();
    dialect.error_code = &["type"];
    dialect.error_codes = TYPES;
    dialect.refine = refine;
    dialect
}

/// Returns the engine's defaults, but keeps a refused login stored: a wrong client secret looks the same.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.on_refused_login = OnRefusedLogin::Keep;
    policy
}

/// Says what a refusal means. None is explained on the wire, so the step has to tell; calls to resources are `Other`.
fn refine(refusal: &Refusal<'_>, error: Error) -> Error {
    let refused = matches!(refusal.status.as_u16(), 400 | 401 | 403);
    let (kind, why) = match (refusal.step, refusal.code) {
        (_, Some("ApiQuotaException")) => (Unavailable, "the quota of the client is used up; wait"),
        (_, Some("WrongEnviroment")) => (Configuration, "the client is not of this environment"),
        (Step::RefreshToken, _) if refused => (LoginRequired, REFRESH),
        (Step::AuthorizationCode, _) if refused => (LoginRequired, CODE),
        (Step::ClientCredentials, _) if refused => (Configuration, CLIENT),
        (Step::Other, _) if !error.is_transient() => match refusal.status.as_u16() {
            401 => (Configuration, "is the token, or the old key, right?"),
            403 => (Configuration, "the client or the user may not do this"),
            // Only what stands in the way answers without JSON.
            404 if error.source().is_some() => (Configuration, NOT_FOUND),
            _ => (Configuration, "the request was refused; check it"),
        },
        _ => return error,
    };
    error.with_kind(kind).with_message(why)
}

const NOT_FOUND: &str = "wrong address? if not, the sandbox may be out of reach: try later";
const REFRESH: &str = "the refresh token was refused; let the user authorize again";
const CODE: &str = "the code, its redirect URI or the client secret was refused; start again";
const CLIENT: &str = "the client was refused; check its id and secret";

#[cfg(test)]
mod tests;
