//! What the user's browser brings back.

use std::{fmt, time::Duration};

use auth_core::{Error, ErrorKind, Moment, Now, Secret};
use subtle::ConstantTimeEq;

use crate::reply::is_code;

/// The longest callback that is read, in bytes.
const MAX_CALLBACK: usize = 16 * 1024;

/// A login that was started and not yet answered. It belongs to the browser session in which it was started.
///
/// It answers one callback. Callbacks that do not belong to it leave it as it is, so that nobody but the user can end
/// the login.
#[must_use = "a login that is forgotten cannot be finished"]
pub struct PendingAuthorization {
    state: Secret,
    verifier: Option<Secret>,
    redirect_uri: Secret,
    ends: Moment,
    answered: bool,
}

impl PendingAuthorization {
    pub(super) fn new(
        state: Secret,
        verifier: Option<Secret>,
        redirect_uri: Secret,
        started: Now,
        max_age: Duration,
    ) -> Self {
        Self {
            state,
            verifier,
            redirect_uri,
            ends: Moment::after(started, max_age),
            answered: false,
        }
    }

    /// Reads a callback: its whole address, its path and query, or its query alone.
    ///
    /// `state` is compared first, in constant time, and nothing else of a callback counts unless it is right.
    ///
    /// # Errors
    ///
    /// [`CallbackError`]; see there which of them leave the login open.
    pub fn callback(
        &mut self,
        address: &str,
        now: Now,
    ) -> Result<AuthorizationCode, CallbackError> {
        let callback = Callback::parse(address)?;
        let state = callback
            .state
            .as_ref()
            .ok_or(CallbackError::StateMismatch)?;
        if !bool::from(
            state
                .expose()
                .as_bytes()
                .ct_eq(self.state.expose().as_bytes()),
        ) {
            return Err(CallbackError::StateMismatch);
        }
        if self.answered {
            return Err(CallbackError::AlreadyAnswered);
        }
        if self.is_over(now) {
            return Err(CallbackError::Expired);
        }
        if let Some(error) = callback.error {
            self.answered = true;
            return Err(match error.expose() {
                "access_denied" => CallbackError::AccessDenied,
                code if is_code(code) && !code.contains(self.state.expose()) => {
                    CallbackError::AuthorizationFailed(code.into())
                }
                _ => CallbackError::AuthorizationFailed("unknown".into()),
            });
        }
        let code = callback.code.ok_or(CallbackError::Malformed)?;
        self.answered = true;
        Ok(AuthorizationCode {
            code,
            redirect_uri: self.redirect_uri.clone(),
            verifier: self.verifier.take(),
            received_at: now,
        })
    }

    /// Returns whether the user took too long.
    pub fn is_over(&self, now: Now) -> bool {
        self.ends.has_come(now)
    }

    /// Returns whether the one callback has come.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    pub(super) fn state(&self) -> &Secret {
        &self.state
    }
}

impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization")
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

/// An authorization code together with what must be sent beside it. It is used up by value, once.
pub struct AuthorizationCode {
    pub(crate) code: Secret,
    pub(crate) redirect_uri: Secret,
    pub(crate) verifier: Option<Secret>,
    pub(crate) received_at: Now,
}

impl AuthorizationCode {
    /// Returns when the callback that brought it was read.
    pub fn received_at(&self) -> Now {
        self.received_at
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// Why a callback brought no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// It cannot be read, or a parameter stands in it twice. The login stays open.
    #[error("the callback cannot be read; start the login again if no other comes")]
    Malformed,
    /// Its `state` is missing or belongs to no login of this session. The login stays open.
    #[error("the callback belongs to no login of this session; it was ignored")]
    StateMismatch,
    /// The login was answered before.
    #[error("the login was answered before; start it again")]
    AlreadyAnswered,
    /// The user took too long.
    #[error("the login took too long; start it again")]
    Expired,
    /// The user, or the provider for them, said no. The login is over.
    #[error("the user did not allow the access")]
    AccessDenied,
    /// The provider sent this error code, or one that cannot be shown. The login is over.
    #[error("the provider ended the login with the code {0}")]
    AuthorizationFailed(Box<str>),
}

impl From<CallbackError> for Error {
    fn from(error: CallbackError) -> Self {
        let (kind, code) = match &error {
            CallbackError::Malformed => (ErrorKind::Protocol, "callback_malformed"),
            CallbackError::StateMismatch => (ErrorKind::LoginRequired, "state_mismatch"),
            CallbackError::AlreadyAnswered => (ErrorKind::LoginRequired, "already_answered"),
            CallbackError::Expired => (ErrorKind::LoginRequired, "login_expired"),
            CallbackError::AccessDenied => (ErrorKind::LoginRequired, "access_denied"),
            CallbackError::AuthorizationFailed(code) => (failed(code), &**code),
        };
        let message = match &error {
            CallbackError::AuthorizationFailed(_) => "the provider ended the login".to_owned(),
            other => other.to_string(),
        };
        Self::new(kind, message).with_code(code)
    }
}

fn failed(code: &str) -> ErrorKind {
    match code {
        "temporarily_unavailable" | "server_error" => ErrorKind::Unavailable,
        "invalid_request"
        | "invalid_scope"
        | "unauthorized_client"
        | "unsupported_response_type" => ErrorKind::Configuration,
        _ => ErrorKind::LoginRequired,
    }
}

/// What a provider appends to an address.
const APPENDED: [&str; 4] = ["code=", "state=", "error=", "error_description="];

/// Returns the query of a callback, which may be nothing but that. Values may hold any `://`, `/` or `?`.
fn query(address: &str) -> &str {
    let head = address.split(['?', '&', '=']).next().unwrap_or_default();
    let has_path = address.starts_with('/') || head.contains("://");
    match address.split_once('?') {
        Some((before, query)) if has_path || before.len() == head.len() => query,
        None if has_path => "",
        _ => address,
    }
}

/// Splits a query where a provider that appends `?code=` to an address that has a query already made a second `?`.
/// Any other `?` belongs to the value in which it stands (RFC 3986 §3.4).
fn parts(query: &str) -> impl Iterator<Item = &str> {
    let appended = |index: usize| {
        let rest = &query[index + 1..];
        APPENDED.iter().any(|name| rest.starts_with(name))
    };
    let marks = query.match_indices('?').map(|(index, _)| index);
    let mut ends: Vec<_> = marks.filter(|index| appended(*index)).collect();
    ends.push(query.len());
    let mut start = 0;
    ends.into_iter().map(move |end| {
        let part = &query[start..end];
        start = end + 1;
        part
    })
}

/// The parameters of a callback that matter.
#[derive(Default)]
pub(super) struct Callback {
    pub(super) state: Option<Secret>,
    code: Option<Secret>,
    error: Option<Secret>,
}

impl Callback {
    pub(super) fn parse(address: &str) -> Result<Self, CallbackError> {
        if address.len() > MAX_CALLBACK {
            return Err(CallbackError::Malformed);
        }
        // Whatever stands in the fragment is for the browser and not for us (RFC 9700 §2.1.2).
        let address = address.split('#').next().unwrap_or_default();
        let mut callback = Self::default();
        for part in parts(query(address)) {
            for (name, value) in form_urlencoded::parse(part.as_bytes()) {
                let slot = match &*name {
                    "state" => &mut callback.state,
                    "code" => &mut callback.code,
                    "error" => &mut callback.error,
                    _ => continue,
                };
                if slot.is_some() {
                    return Err(CallbackError::Malformed);
                }
                *slot = Some(Secret::new(value.into_owned()));
            }
        }
        // An empty parameter counts as absent (RFC 6749 §3.1).
        let filled = |slot: Option<Secret>| slot.filter(|text| !text.is_empty());
        Ok(Self {
            state: filled(callback.state),
            code: filled(callback.code),
            error: filled(callback.error),
        })
    }
}
