//! What every client must have, whoever configured it.

use auth_core::Error;
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_LENGTH};

use crate::failure;

/// Builds a client that follows no redirect and sends no `Referer`, whatever the builder says.
///
/// Such a client sends a credential to nobody but the server that the request was addressed to. reqwest's own default
/// follows redirects, and then removes only five well-known headers when the server changes.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where reqwest cannot build the client.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), auth_core::Error> {
/// let client = auth_reqwest::client_without_redirects(reqwest::Client::builder())?;
/// # Ok(())
/// # }
/// ```
pub fn client_without_redirects(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // It would write every byte sent, tokens included, to the log.
        .connection_verbose(false)
        .build()
        .map_err(|error| failure::of_client(&error))
}

/// Says of an empty body that it is one, where the method leads a server to expect one (RFC 9110 §8.6).
///
/// hyper leaves the header out, and some servers then answer with 411.
pub(crate) fn announce_empty_body(method: &Method, headers: &mut HeaderMap) {
    if [Method::POST, Method::PUT, Method::PATCH].contains(method) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}
