//! Ways in which a client shows who it is (RFC 6749 §2.3).

use std::fmt;

use async_trait::async_trait;
use auth_core::{Credentials, Error, ErrorKind, Secret, TokenRequest};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroize;

/// What stands as it is in an encoded id or secret: the unreserved characters of RFC 3986 §2.3.
///
/// Measured servers decode percent signs or nothing at all, and few read `+` as a space, so a space is `%20`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Id and secret in the `Authorization` header (RFC 6749 §2.3.1, RFC 7617).
#[derive(Clone)]
pub struct Basic {
    header: Secret,
}

impl Basic {
    /// Returns the standard form: id and secret are percent-encoded before they are joined.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where either is empty.
    pub fn encoded(id: &str, secret: &Secret) -> Result<Self, Error> {
        check(id, secret)?;
        let id = utf8_percent_encode(id, ENCODED);
        let secret = Secret::new(utf8_percent_encode(secret.expose(), ENCODED).to_string());
        Ok(Self::join(&id.to_string(), &secret))
    }

    /// Returns the form in which id and secret are joined as they are, which many servers want.
    ///
    /// Both forms are the same where id and secret are made of `A-Z a-z 0-9 - . _ ~` alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where either is empty or has a control character, or the id has a colon.
    pub fn raw(id: &str, secret: &Secret) -> Result<Self, Error> {
        check(id, secret)?;
        if id.contains(':') {
            return Err(refusal(
                "the client id has a colon, which raw Basic cannot carry; use the encoded form",
            ));
        }
        if id
            .chars()
            .chain(secret.expose().chars())
            .any(char::is_control)
        {
            return Err(refusal(
                "the client id or secret has a control character, which raw Basic cannot carry",
            ));
        }
        Ok(Self::join(id, secret))
    }

    fn join(id: &str, secret: &Secret) -> Self {
        let pair = Secret::new(format!("{id}:{}", secret.expose()));
        let mut encoded = STANDARD.encode(pair.expose());
        let header = Secret::new(format!("Basic {encoded}"));
        encoded.zeroize();
        Self { header }
    }
}

#[async_trait]
impl Credentials for Basic {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        request.header(AUTHORIZATION, &self.header)
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").finish_non_exhaustive()
    }
}

/// Id and secret as parameters of the form body (RFC 6749 §2.3.1).
#[derive(Clone, Debug)]
pub struct FormBody {
    id: Box<str>,
    secret: Secret,
}

impl FormBody {
    /// Returns the credentials of a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where either is empty.
    pub fn new(id: &str, secret: Secret) -> Result<Self, Error> {
        check(id, &secret)?;
        let id = id.into();
        Ok(Self { id, secret })
    }
}

#[async_trait]
impl Credentials for FormBody {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        request.form_parameter("client_id", Secret::from(&*self.id))?;
        request.form_parameter("client_secret", self.secret.clone())
    }
}

/// Id and secret as parameters of the query, where the logs of every server and proxy on the way will show them.
///
/// RFC 6749 §2.3.1 forbids this. It exists for providers that know no other way, and nothing ever falls back to it.
#[derive(Clone, Debug)]
pub struct QueryInsecure {
    id: Box<str>,
    secret: Secret,
}

impl QueryInsecure {
    /// Returns the credentials of a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where either is empty.
    pub fn new(id: &str, secret: Secret) -> Result<Self, Error> {
        check(id, &secret)?;
        let id = id.into();
        Ok(Self { id, secret })
    }
}

#[async_trait]
impl Credentials for QueryInsecure {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        request.query_parameter("client_id", Secret::from(&*self.id))?;
        request.query_parameter("client_secret", self.secret.clone())
    }
}

/// The id alone, as a parameter of the form body: a client that cannot keep a secret (RFC 6749 §2.1, §3.2.1).
#[derive(Clone, Debug)]
pub struct PublicClient {
    id: Box<str>,
}

impl PublicClient {
    /// Returns the client of that id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the id is empty.
    pub fn new(id: &str) -> Result<Self, Error> {
        if id.is_empty() {
            return Err(refusal("the client id is empty"));
        }
        Ok(Self { id: id.into() })
    }
}

#[async_trait]
impl Credentials for PublicClient {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        request.form_parameter("client_id", Secret::from(&*self.id))
    }
}

/// A secret in a header of the provider's own, and nothing else.
#[derive(Clone, Debug)]
pub struct HeaderSecret {
    name: HeaderName,
    secret: Secret,
}

impl HeaderSecret {
    /// Returns the credentials; `secret` is sent as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the secret is empty.
    pub fn new(name: HeaderName, secret: Secret) -> Result<Self, Error> {
        if secret.is_empty() {
            return Err(refusal("the secret for the header is empty"));
        }
        Ok(Self { name, secret })
    }
}

#[async_trait]
impl Credentials for HeaderSecret {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        request.header(self.name.clone(), &self.secret)
    }
}

fn check(id: &str, secret: &Secret) -> Result<(), Error> {
    if id.is_empty() {
        return Err(refusal("the client id is empty"));
    }
    if secret.is_empty() {
        return Err(refusal(
            "the client secret is empty; a client without one is a PublicClient",
        ));
    }
    Ok(())
}

fn refusal(why: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, why)
}

#[cfg(test)]
mod tests;
