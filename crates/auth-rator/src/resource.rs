//! What an answer of the API itself means.

use auth_core::{Error, ErrorKind, TokenSource};
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
    /// (404: the brand) or [`ErrorKind::Unavailable`] (401: the token was refused, and the next call obtains another).
    ///
    /// # Cancellation
    ///
    /// The future can be dropped at any time.
    pub async fn check_brand(&self, source: &dyn TokenSource, path: &str) -> Result<(), Error> {
        let url = self.config.api_base_url.join(path)?;
        if !source.origins().allow(url.uri()) {
            let why = "the tokens of this source are for another API";
            return Err(Error::new(ErrorKind::Configuration, why));
        }
        let token = source.token().await?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.uri().clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        token.apply(headers);
        let status = self.transport.send(request).await?.status();
        let kind = match status.as_u16() {
            200..=299 => return Ok(()),
            401 | 408 | 429 | 500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Configuration,
        };
        if status == StatusCode::UNAUTHORIZED {
            source.reject(&token);
        }
        let unclear = "the API refused the call, be it for the path or because a proxy removes X-RATOR-brand-key";
        Err(Error::new(kind, hint(status).unwrap_or(unclear)).with_status(status))
    }
}

#[cfg(test)]
mod tests;
