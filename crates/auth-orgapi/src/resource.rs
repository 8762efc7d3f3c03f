//! What an answer of the API itself means.

use std::time::SystemTime;

use auth_core::{Error, ErrorKind};
use auth_oauth2::retry_after;
use http::{HeaderMap, StatusCode, Uri, header::LOCATION};
use serde_json::Value;

/// The code of the error that says that the client belongs to another region.
pub(crate) const WRONG_REGION: &str = "wrong_region";

/// The only codes that are shown (RFC 6749 §5.2, RFC 6750 §3.1): any other text may be an echo of the request.
const CODES: &[&str] = &[
    "insufficient_scope",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
];

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
    let mut error = by_status(status, headers).with_status(status);
    if let Some(code) = code(body).filter(|_| error.code().is_none()) {
        error = error.with_code(code);
    }
    match retry_after(headers, SystemTime::now()) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

fn by_status(status: StatusCode, headers: &HeaderMap) -> Error {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    let (kind, message) = match status.as_u16() {
        300..=399 => return wrong_region(headers),
        401 => (
            Configuration,
            "the API refuses a new token; check the server address",
        ),
        403 => (
            Configuration,
            "the client may not do this; check its rights and plan",
        ),
        404 => (
            Configuration,
            "there is no such thing that the client can see",
        ),
        408 | 425 | 500..=599 => (Unavailable, "the API cannot answer now; try again later"),
        // 10,000 per minute and organization are documented.
        429 => (Unavailable, "too many requests by the organization; wait"),
        400..=499 => (
            Configuration,
            "the API refused the request; check its parameters",
        ),
        _ => (
            Protocol,
            "the API answered with what is no refusal; report it",
        ),
    };
    Error::new(kind, message)
}

fn wrong_region(headers: &HeaderMap) -> Error {
    let location = headers.get(LOCATION);
    let location = location.and_then(|value| Uri::try_from(value.as_bytes()).ok());
    // Without a scheme it is relative, and its first word is no host although it would be read as one.
    let location = location.filter(|location| location.scheme().is_some());
    let message = match location.as_ref().and_then(Uri::host) {
        Some(host) => {
            format!(
                "the API redirects to the host {host}; if that is right, make it the server address"
            )
        }
        None => "the API redirects; check the server address".to_owned(),
    };
    Error::new(ErrorKind::Configuration, message).with_code(WRONG_REGION)
}

/// Reads the member `error`: a code at the token endpoint, an object with a message everywhere else.
fn code(body: &[u8]) -> Option<&'static str> {
    // The reason of a failure would quote the body, so it is dropped.
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let told = error.as_str().or_else(|| error.get("code")?.as_str())?;
    CODES.iter().copied().find(|code| *code == told)
}

#[cfg(test)]
mod tests;
