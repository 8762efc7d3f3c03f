//! How callers tell "no token" from "the API failed".

use std::fmt;

use auth_core::ErrorKind;

/// The error type of the services of this crate, as everywhere in tower.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why authentication kept a request from its answer. Errors of the inner service pass through as they are.
///
/// # Example
///
/// ```
/// use auth_tower::{AuthError, BoxError};
///
/// fn explain(error: &BoxError) -> String {
///     match AuthError::find(&**error) {
///         Some(auth) => format!("not authenticated, {:?}: {}", auth.kind(), auth.cause()),
///         None => format!("the API failed: {error}"),
///     }
/// }
/// assert_eq!(explain(&"connection reset".into()), "the API failed: connection reset");
/// ```
#[derive(Clone, Debug)]
pub struct AuthError {
    reason: Reason,
    cause: auth_core::Error,
}

/// The step at which an [`AuthError`] arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The route has no source for this request. Nothing was sent.
    Route,
    /// The request goes to a server that the token is not for. Nothing was sent.
    ForeignOrigin,
    /// The address names no server and the layer was not told which one it is for. Nothing was sent.
    NoAuthority,
    /// The request is plain http to another machine. Nothing was sent.
    PlainHttp,
    /// No token could be obtained. Nothing was sent.
    Token,
    /// The server refused the token and no other could be obtained.
    NextToken,
}

impl AuthError {
    pub(crate) fn new(reason: Reason, cause: auth_core::Error) -> Self {
        Self { reason, cause }
    }

    /// Returns the first error of this type in `error` or its chain of sources.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let chain = std::iter::successors(Some(error), |error| error.source());
        chain.take(32).find_map(|error| error.downcast_ref())
    }

    /// Returns the step that failed.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns what the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.cause.kind()
    }

    /// Returns the error of the token source, the route or the origin check.
    pub fn cause(&self) -> &auth_core::Error {
        &self.cause
    }
}

impl std::error::Error for AuthError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Route => "the request was not sent: there is no token source for it",
            Reason::ForeignOrigin => {
                "the request was not sent: its token may not go to that server"
            }
            Reason::NoAuthority => "the request was not sent: its address names no server",
            Reason::PlainHttp => "the request was not sent: its token would go over plain http",
            Reason::Token => "the request was not sent: no token could be obtained",
            Reason::NextToken => "the server refused the token and no other could be obtained",
        })
    }
}

#[cfg(test)]
mod tests;
