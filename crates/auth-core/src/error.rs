//! What can go wrong, in the words of who must act.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::StatusCode;

#[cfg(test)]
mod tests;

/// What the caller should do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Wait and try again: the network, the server or a limit stood in the way. See [`Error::retry_after`].
    Unavailable,
    /// Fix the configuration: the client, its secret, an address, a permission. Trying again will not help.
    Configuration,
    /// Send the user to log in again: the login is no longer valid.
    LoginRequired,
    /// Try once more, and be ready to ask for a login: a process died after it began to spend the refresh token, and
    /// nobody knows whether the provider took it. The next attempt asks the provider.
    OutcomeUnknown,
    /// Report it: the provider, or this library, broke a rule.
    Protocol,
}

/// Whether a request reached the server.
///
/// It decides what may be tried again: a single-use code or a rotating refresh token must not be sent a second time
/// unless the first sending is known not to have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the three answers are all there are"
)]
pub enum Sent {
    /// Nothing reached the server.
    #[default]
    No,
    /// The request may have been processed; the answer is lost.
    Maybe,
    /// The server answered.
    Answered,
}

/// Why no token could be had. Cheap to clone, so that every caller of one shared attempt gets the same one.
///
/// `Display` says what this layer knows; the cause is only in [`source`](std::error::Error::source). No body, token,
/// query or header value of the exchange is kept.
///
/// # Example
///
/// ```
/// use auth_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Configuration, "the client was refused; check its id and secret")
///     .with_status(http::StatusCode::BAD_REQUEST)
///     .with_code("invalid_client");
/// assert_eq!(
///     error.to_string(),
///     "the client was refused; check its id and secret (status 400, code invalid_client)",
/// );
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    sent: Sent,
    status: Option<StatusCode>,
    code: Option<Box<str>>,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Returns an error of `kind`; `message` says what is wrong and what to do, and holds no secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            sent: Sent::No,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            source: None,
        }))
    }

    /// Returns what the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Unavailable | ErrorKind::OutcomeUnknown
        )
    }

    /// Returns whether the request reached the server.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Returns the status of the server's answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the error code of the provider (RFC 6749 §5.2 or its own), or ours where we refused by ourselves.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the provider's name for the exchange, to quote when asking its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns how long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Says whether the request reached the server.
    #[must_use]
    pub fn with_sent(self, sent: Sent) -> Self {
        self.edit(|inner| inner.sent = sent)
    }

    /// Adds the status of the answer, and with it that there was one.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| {
            inner.status = Some(status);
            inner.sent = Sent::Answered;
        })
    }

    /// Adds an error code. What is not printable ASCII is dropped, and the rest is cut at 64 bytes.
    #[must_use]
    pub fn with_code(self, code: &str) -> Self {
        let code = printable(code);
        self.edit(|inner| inner.code = Some(code))
    }

    /// Adds the provider's name for the exchange, cleaned like a code.
    #[must_use]
    pub fn with_request_id(self, id: &str) -> Self {
        let id = printable(id);
        self.edit(|inner| inner.request_id = Some(id))
    }

    /// Adds how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// Adds the cause. Its texts are shown to users as they are: give none that may quote a secret.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Returns the same error with another kind, for a dialect that knows better what a code means.
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind)
    }

    /// Returns the same error with another message, for a provider that knows what to do about it.
    #[must_use]
    pub fn with_message(self, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        self.edit(|inner| inner.message = message)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// Keeps what is safe in a terminal and a log line.
fn printable(text: &str) -> Box<str> {
    text.chars()
        .filter(|c| c.is_ascii_graphic())
        .take(64)
        .collect()
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut open = " (";
        let mut note = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            write!(f, "{open}{name} {value}")?;
            open = ", ";
            Ok(())
        };
        if let Some(status) = self.0.status {
            note(f, "status", &status.as_u16())?;
        }
        if let Some(code) = &self.0.code {
            note(f, "code", code)?;
        }
        if let Some(id) = &self.0.request_id {
            note(f, "request id", id)?;
        }
        if open == ", " {
            f.write_str(")")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("sent", &self.0.sent)
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("request_id", &self.0.request_id)
            .field("retry_after", &self.0.retry_after)
            .field("source", &self.0.source)
            .finish()
    }
}
