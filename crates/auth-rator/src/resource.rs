//! What an answer of the API itself means.

use auth_core::{Error, ErrorKind, TokenSource, send_with};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, header::ACCEPT};

use crate::Rator;

/// The header that tells every API call its brand. Tokens bring it along.
pub const BRAND_HEADER: HeaderName = HeaderName::from_static("x-rator-brand-key");

/// Returns what a refusal by the API can mean beyond what its status says.
pub fn hint(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        401 => {
            "the token ended, or another process that logs in as the same user refreshed it; ask for another"
        }
        403 => "the user may not do this; another token will not help",
        404 => {
            "there is no such thing, or the brand is unknown or in the wrong case, or a proxy removes X-RATOR-brand-key"
        }
        _ => return None,
    })
}

impl Rator {
    /// Reads `path` below the address of the API, which must be known to exist, and says whether the brand is right.
    ///
    /// A wrong brand is answered like a missing thing, so only a path that is sure to exist tells them apart.
    ///
    /// # Errors
    ///
    /// Those of `source` and of the transport, and the answer with its [`hint`]: of kind [`ErrorKind::Configuration`]
    /// (404: the brand) or [`ErrorKind::Unavailable`] (401: a second token was refused as the first had been).
    ///
    /// # Cancellation
    ///
    /// The future can be dropped at any time.
    pub async fn check_brand(&self, source: &dyn TokenSource, path: &str) -> Result<(), Error> {
        let url = self.config.api_base_url.join(path)?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.uri().clone();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json);
        let status = send_with(source, &self.transport, request).await?.status();
        let kind = match status.as_u16() {
            200..=299 => return Ok(()),
            401 | 408 | 429 | 500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Configuration,
        };
        let unclear = "the API refused the call, be it for the path or because a proxy removes X-RATOR-brand-key";
        Err(Error::new(kind, hint(status).unwrap_or(unclear)).with_status(status))
    }
}

#[cfg(test)]
mod tests;
