//! What an answer without a token means.

use auth_core::{Error, ErrorKind};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};

use crate::{
    Asked, Dialect, Step, expires,
    json::{Members, Value},
};

/// Codes that can be shown and told apart whatever the request held.
///
/// RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 8628 §3.5, RFC 8707 §2, and what Spring Security OAuth adds.
const CODES: &[&str] = &[
    "access_denied",
    "authorization_pending",
    "expired_token",
    "insufficient_scope",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "method_not_allowed",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_token_type",
];

/// Returns an error code that can be believed: not a reason phrase, not an echo of the request.
pub(super) fn code<'a>(
    members: &'a Members,
    asked: &Asked,
    dialect: &'a Dialect,
) -> Option<&'a str> {
    let believed = |text: &&str| {
        let known = CODES.contains(text) || dialect.error_codes.contains(text);
        known || !asked.of_resource && is_code(text) && !asked.is_echo(text)
    };
    let read = |name: &&str| match members.get(name)? {
        Value::Text(text) => Some(text.expose()).filter(believed),
        // Some servers nest the code one level deeper.
        Value::Object(inner) => ["code", "type", "error"]
            .iter()
            .find_map(|name| inner.text(name).map(|text| text.expose()).filter(believed)),
        _ => None,
    };
    dialect.error_code.iter().find_map(read)
}

/// Returns whether a text looks like a code and not like words or data.
pub(crate) fn is_code(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// Returns what a refusal means by the standard, the status first.
pub(super) fn by_code(code: Option<&str>, status: StatusCode, asked: &Asked) -> Error {
    use ErrorKind::{Configuration, LoginRequired, Protocol, Unavailable};

    let waits = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
    let (kind, message) = match code {
        _ if waits => (Unavailable, "cannot answer now; try again later"),
        Some("temporarily_unavailable" | "server_error" | "slow_down") => {
            (Unavailable, "cannot answer now; try again later")
        }
        Some("invalid_grant") => (LoginRequired, "refused the grant; log in again"),
        Some("invalid_token" | "expired_token") if asked.step == Step::RefreshToken => {
            (LoginRequired, "refused the refresh token; log in again")
        }
        Some("invalid_client" | "unauthorized_client" | "unauthorized") => (
            Configuration,
            "refused the client; check its id, its secret and what it may do",
        ),
        Some(_) if status != StatusCode::OK => (
            Configuration,
            "refused the request; check the configuration of the client",
        ),
        None if status == StatusCode::UNAUTHORIZED => (
            Configuration,
            "refused the client with no code that is known; check its id and its secret",
        ),
        None if status.is_client_error() => (
            Configuration,
            "refused the request with no code that is known; check address, client and grant",
        ),
        Some(_) | None => (
            Protocol,
            "answered with neither a token nor a known error; report it",
        ),
    };
    Error::new(kind, format!("{} {message}", asked.whom()))
}

/// Returns the error for a reply that breaks a rule.
pub(super) fn protocol(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the reply of the token endpoint cannot be used: {why}"),
    )
}

/// What is told about a body that is not what a token endpoint sends: none of its text.
#[derive(Debug, thiserror::Error)]
#[error("the body is not a readable token reply: content type {content_type}, {length} bytes")]
pub(super) struct Unreadable {
    content_type: Box<str>,
    length: usize,
}

impl Unreadable {
    pub(super) fn new(headers: &HeaderMap, length: usize, asked: &Asked) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/+.-".contains(&b);
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::trim)
            .filter(|value| value.len() <= 64 && value.bytes().all(plain))
            .filter(|value| !value.is_empty() && !asked.is_echo(value))
            .unwrap_or("unknown");
        Self {
            content_type: content_type.into(),
            length,
        }
    }
}

/// Returns whether the answer sends elsewhere. A 304 is of the same class and sends nowhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
}

/// Returns the error for a redirect, which is never followed: it would carry the secrets elsewhere.
pub(super) fn redirect(headers: &HeaderMap, asked: &Asked) -> Error {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
    let target: Option<http::Uri> = headers
        .get(LOCATION)
        .and_then(|value| http::Uri::try_from(value.as_bytes()).ok());
    // Without a scheme it is relative, and its first word is no host although it would be read as one.
    let host = target
        .as_ref()
        .filter(|target| target.scheme().is_some())
        .and_then(http::Uri::host)
        .filter(|host| host.len() <= 253 && host.bytes().all(plain))
        .filter(|host| !asked.is_echo(host));
    let whom = asked.whom();
    let message = match host {
        Some(host) => {
            format!("{whom} redirects to the host {host}; if that is right, configure its address")
        }
        None => format!("{whom} redirects; check its address"),
    };
    Error::new(ErrorKind::Configuration, message).with_code("redirect")
}

/// Adds what the answer says about itself.
pub(super) fn annotate(
    error: Error,
    status: StatusCode,
    headers: &HeaderMap,
    asked: &Asked,
) -> Error {
    let mut error = error.with_status(status);
    let id = ["request-id", "x-request-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .filter(|id| !id.is_empty() && !asked.is_echo(id));
    if let Some(id) = id {
        error = error.with_request_id(id);
    }
    if let Some(wait) = expires::retry_after(headers, asked.at().wall) {
        error = error.with_retry_after(wait);
    }
    error
}
