//! What an answer of the API itself means.

use auth_core::{Error, ErrorKind};
use auth_oauth2::{Dialect, Refusal, resource_refusal};
use http::{HeaderMap, StatusCode};

/// The code of the error that says that the client belongs to another region.
pub(crate) const WRONG_REGION: &str = "wrong_region";

/// Returns what the answer to a resource call means, where that is not what was asked for.
///
/// The body's own words are not kept; a standard error code is, be it the text `error` or a member of the object `error`.
/// A 401 does not get here as long as `auth-tower` can mend it: this one came for a token that was just obtained.
///
/// # Example
///
/// ```
/// use auth_core::ErrorKind;
/// use http::{HeaderMap, StatusCode};
///
/// let body = br#"{"error":{"message":"no such device"}}"#;
/// let error = auth_orgapi::resource_error(StatusCode::NOT_FOUND, &HeaderMap::new(), body);
/// assert_eq!(error.kind(), ErrorKind::Configuration);
/// assert!(!error.to_string().contains("device"));
/// ```
pub fn resource_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let mut dialect = Dialect::default();
    dialect.refine = refine;
    region(resource_refusal(status, headers, body, &dialect))
}

/// Says that a redirect means another region, as it does at the token endpoint and at the API.
pub(crate) fn region(error: Error) -> Error {
    match error.code() {
        Some("redirect") => error.with_code(WRONG_REGION),
        _ => error,
    }
}

fn refine(refusal: &Refusal<'_>, error: Error) -> Error {
    let why = match refusal.status.as_u16() {
        // 10,000 per minute and organization are documented.
        429 => return error.with_message("too many requests by the organization; wait"),
        _ if error.is_transient() => return error,
        401 => "the API refuses a new token; check the server address",
        403 => "the client may not do this; check its rights and plan",
        404 => "there is no such thing that the client can see",
        _ => "the API refused the request; check its parameters",
    };
    error.with_kind(ErrorKind::Configuration).with_message(why)
}

#[cfg(test)]
mod tests;
