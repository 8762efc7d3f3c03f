//! What of a response decides whether it refuses the token.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, Response, StatusCode};

use crate::{challenge, peek::Peeked};

/// Where gRPC puts its status, in headers or trailers. Made once: a name given as text is parsed for each look-up.
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A rule for what counts as a refused token.
pub(crate) type Refusal = Arc<dyn Fn(&Answer<'_>) -> bool + Send + Sync>;

/// A response as the rule of [`AuthLayer::refusal`](crate::AuthLayer::refusal) sees it.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> Answer<'a> {
    /// Returns the view of a response.
    pub fn of<R>(response: &'a Response<R>) -> Self {
        Self::new(response.status(), response.headers(), response.extensions())
    }

    /// Returns the view of a response of another type than that of the `http` crate, such as reqwest's.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, extensions: &'a Extensions) -> Self {
        Self {
            status,
            headers,
            extensions,
        }
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the extensions.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// Returns the beginning of the body, where a [`PeekBody`](crate::PeekBody) below the layer has read it.
    pub fn body(&self) -> Option<&'a Bytes> {
        self.extensions.get().map(Peeked::bytes)
    }

    /// Returns whether the default rule sees a refused token: status 401, or the gRPC status `UNAUTHENTICATED` (16)
    /// in the headers, where a reply without messages has it.
    #[inline]
    pub fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            || self.headers.get(&GRPC_STATUS).is_some_and(|s| s == "16")
    }

    /// Returns whether the server says that the token is good but not for this (`insufficient_scope`, RFC 6750 §3.1).
    /// A new token of the same kind would not help, so such a response never counts as a refusal.
    pub fn lacks_scope(&self) -> bool {
        challenge::lacks_scope(self.headers)
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
