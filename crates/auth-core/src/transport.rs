//! How token requests reach the server.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use crate::{Error, ErrorKind, TokenSource};

/// The most that is read of a reply's body, in bytes. A longer one is an error.
pub const MAX_BODY: usize = 1024 * 1024;

/// Sends one request to a token endpoint and reads the whole answer.
///
/// # Contract
///
/// * Any answer is `Ok`, whatever its status. Redirects are answers: they are never followed (RFC 9700 §4.12).
/// * Nothing is sent twice.
/// * At most [`MAX_BODY`] bytes of decoded body are read, within a time limit of the transport's own.
/// * An error is of kind [`Unavailable`](crate::ErrorKind::Unavailable) unless the configuration is at fault, names no
///   address, and says by [`Error::sent`] whether the request may have been processed.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` and returns the answer.
    ///
    /// # Errors
    ///
    /// Where there is no complete answer; see the contract.
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives the exchange up. The server may have processed it.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Error>;
}

/// Sends a request with a token of `source`, for a provider's own calls beside token requests; a 401 is answered with a
/// new token, once. `auth-tower` does this and more for all other calls.
///
/// # Errors
///
/// [`ErrorKind::Configuration`] where the source's tokens may not go there, and those of source and transport. The
/// answer to the second request is `Ok`, whatever its status.
///
/// # Cancellation
///
/// Dropping the future gives the call up. The server may have processed it.
pub async fn send_with(
    source: &dyn TokenSource,
    transport: &dyn Transport,
    mut request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, Error> {
    if !source.origins().allow(request.uri()) {
        let why = "the tokens of this source may not go there; check the address";
        return Err(Error::new(ErrorKind::Configuration, why));
    }
    let token = source.token().await?;
    token.apply(request.headers_mut());
    let reply = transport.send(request.clone()).await?;
    if reply.status() != StatusCode::UNAUTHORIZED {
        return Ok(reply);
    }
    source.reject(&token);
    // The refused request did nothing, so what is sent from here on is all that can have been processed.
    let token = source.token().await?;
    token.apply(request.headers_mut());
    transport.send(request).await
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: Transport + ?Sized> Transport for $kind {
            async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Error> {
                (**self).send(request).await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);
