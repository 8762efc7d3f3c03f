//! Tokens and token sets.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{Error, ErrorKind, Lifetime, Secret};

mod attach;
mod headers;
#[cfg(test)]
mod tests;

use self::headers::Headers;

/// An access token, ready to be put on a request: an immutable snapshot, cheap to clone.
///
/// Its headers are finished and marked sensitive. It may carry more than one, so that whoever attaches them needs to
/// know nothing about the provider.
///
/// # Example
///
/// ```
/// use auth_core::{Secret, Token};
/// use http::HeaderName;
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let token = Token::bearer(Secret::new("made-up-token"))?
///     .with_header(HeaderName::from_static("x-brand"), "BRAND1")?;
/// assert_eq!(token.headers().count(), 2);
/// assert!(!format!("{token:?}").contains("made-up-token"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Token(Arc<Inner>);

/// What a request needs stands first in memory, too.
#[derive(Clone)]
#[repr(C)]
struct Inner {
    generation: u64,
    headers: Headers,
    access: Secret,
    lifetime: Option<Lifetime>,
    rest: Option<Box<Rest>>,
}

/// What few tokens have.
#[derive(Clone, Default)]
struct Rest {
    scope: Option<Box<str>>,
    extras: BTreeMap<Box<str>, Secret>,
}

impl Token {
    /// Returns a token that is sent as `Authorization: Bearer …` (RFC 6750 §2.1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] where `access` is not of the `b64token` syntax of RFC 6750 §2.1.
    pub fn bearer(access: Secret) -> Result<Self, Error> {
        let core = access.expose().trim_end_matches('=');
        if core.is_empty() || !core.bytes().all(is_b64token) {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the access token is not made of the characters that a bearer token may have (RFC 6750 section 2.1)",
            ));
        }
        let value = Secret::new(format!("Bearer {}", access.expose()));
        Self::new(access).with_header(AUTHORIZATION, value.expose())
    }

    /// Returns a token that is sent in a header of another name, with `prefix` in front of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] where the result cannot be the value of a header.
    pub fn in_header(name: HeaderName, prefix: &str, access: Secret) -> Result<Self, Error> {
        let value = Secret::new(format!("{prefix}{}", access.expose()));
        Self::new(access).with_header(name, value.expose())
    }

    /// Returns a token with the headers that it had before, for stores that read one back.
    ///
    /// # Errors
    ///
    /// As [`with_header`](Self::with_header).
    pub fn from_headers<'a>(
        access: Secret,
        headers: impl IntoIterator<Item = (HeaderName, &'a str)>,
    ) -> Result<Self, Error> {
        headers
            .into_iter()
            .try_fold(Self::new(access), |token, (name, value)| {
                token.with_header(name, value)
            })
    }

    fn new(access: Secret) -> Self {
        Self(Arc::new(Inner {
            access,
            headers: Headers::default(),
            lifetime: None,
            rest: None,
            generation: next_generation(),
        }))
    }

    /// Adds a header that is sent with the token, marked sensitive; one of the same name is replaced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] where `value` is empty or has characters other than visible ASCII, space and tab.
    pub fn with_header(self, name: HeaderName, value: &str) -> Result<Self, Error> {
        let safe = |b: u8| b == b' ' || b == b'\t' || b.is_ascii_graphic();
        let value = HeaderValue::from_bytes(value.as_bytes())
            .ok()
            .filter(|_| !value.is_empty() && value.bytes().all(safe));
        let Some(mut value) = value else {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the value for the header {name} is empty or not plain ASCII text"),
            ));
        };
        value.set_sensitive(true);
        Ok(self.edit(|inner| inner.headers.put(name, value)))
    }

    /// Says how long the token lasts. Without it the token is used until it is refused (RFC 6749 §5.1).
    #[must_use]
    pub fn with_lifetime(self, lifetime: Lifetime) -> Self {
        self.edit(|inner| inner.lifetime = Some(lifetime))
    }

    /// Records the scope that was granted; an empty text means that none was (RFC 6749 §5.1).
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        self.edit(|inner| inner.rest.get_or_insert_default().scope = Some(scope.into()))
    }

    /// Adds a further member of the reply that callers may need, such as an instance address.
    #[must_use]
    pub fn with_extra(self, name: &str, value: Secret) -> Self {
        self.edit(|inner| {
            let rest = inner.rest.get_or_insert_default();
            rest.extras.insert(name.into(), value);
        })
    }

    /// Returns the token itself, for stores and for services that want it elsewhere than in a header.
    pub fn access(&self) -> &Secret {
        &self.0.access
    }

    /// Returns the headers to send.
    #[inline]
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.headers.iter().map(|(name, value)| (name, value))
    }

    /// Returns how long the token lasts, where that is known.
    pub fn lifetime(&self) -> Option<Lifetime> {
        self.0.lifetime
    }

    /// Returns the granted scope, where the server named one.
    pub fn scope(&self) -> Option<&str> {
        self.0.rest.as_ref()?.scope.as_deref()
    }

    /// Returns a further member of the reply, read as `T`.
    pub fn extra<T: FromStr>(&self, name: &str) -> Option<T> {
        let extras = &self.0.rest.as_ref()?.extras;
        extras.get(name)?.expose().parse().ok()
    }

    /// Returns the names and values of all further members.
    pub fn extras(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let extras = self.0.rest.iter().flat_map(|rest| &rest.extras);
        extras.map(|(name, value)| (&**name, value))
    }

    /// Returns the number that tells this token from every other one of this process; clones share it.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Returns a copy that shares no memory with this one but stands for the same token.
    ///
    /// Cloning a shared header value is an atomic increment on a cache line that all cores fight for; a handle that
    /// clones from its own copy does not take part in the fight.
    #[must_use]
    pub fn private_copy(&self) -> Self {
        let copy = |(name, value): &(HeaderName, HeaderValue)| {
            let mut own = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            own.set_sensitive(true);
            Some((HeaderName::from_bytes(name.as_str().as_bytes()).ok()?, own))
        };
        let mut inner = Inner::clone(&self.0);
        // Every value was a header before, so the copy cannot fail; were it to, the shared one is as good.
        let headers: Option<Vec<_>> = self.0.headers.iter().map(copy).collect();
        if let Some(headers) = headers {
            inner.headers = headers.into();
        }
        Self(Arc::new(inner))
    }

    /// Changes the token, which becomes another one. Where a clone exists, that one stays as it is.
    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(own) = Arc::get_mut(&mut self.0) {
            change(own);
            own.generation = next_generation();
            return self;
        }
        let mut other = Inner::clone(&self.0);
        other.generation = next_generation();
        change(&mut other);
        Self(Arc::new(other))
    }
}

fn next_generation() -> u64 {
    static GENERATION: AtomicU64 = AtomicU64::new(1);
    GENERATION.fetch_add(1, Ordering::Relaxed)
}

fn is_b64token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~+/".contains(&b)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.0.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Token")
            .field("generation", &self.0.generation)
            .field("headers", &headers)
            .field("lifetime", &self.0.lifetime.map(|life| life.length()))
            .finish_non_exhaustive()
    }
}

/// What an exchange yields and a store keeps: an access token, a refresh token, or both.
///
/// A set is complete. The engine stores exactly what a grant returns, so a grant that keeps the old refresh token
/// copies it from [`Exchange::previous`](crate::Exchange::previous).
#[derive(Clone, Debug)]
pub struct TokenSet {
    token: Option<Token>,
    refresh: Option<Secret>,
}

impl TokenSet {
    /// Returns a set that holds an access token alone.
    pub fn new(token: Token) -> Self {
        Self {
            token: Some(token),
            refresh: None,
        }
    }

    /// Returns a set that holds a refresh token alone: a login whose first act will be a refresh.
    pub fn login(refresh: Secret) -> Self {
        Self {
            token: None,
            refresh: Some(refresh),
        }
    }

    /// Adds the refresh token, or takes it away.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Option<Secret>) -> Self {
        self.refresh = refresh;
        self
    }

    /// Returns the access token.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    pub(crate) fn into_parts(self) -> (Option<Token>, Option<Secret>) {
        (self.token, self.refresh)
    }

    /// Returns the refresh token.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }
}
