//! How a client proves who it is, and the request on which it does.

use std::{borrow::Cow, fmt, sync::Arc};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::{Error, ErrorKind, Secret};

#[cfg(test)]
mod tests;

/// Proves who the client is on one token request (RFC 6749 §2.3).
///
/// It runs once for each attempt, so an assertion is never replayed and a secret that was changed is read again.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Adds the proof to `request`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where there is nothing to prove it with, or whatever kept it from being read.
    ///
    /// # Cancellation
    ///
    /// Dropping the future leaves the request half made; it is then dropped too.
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error>;
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: Credentials + ?Sized> Credentials for $kind {
            async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
                (**self).authenticate(request).await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);

/// A parameter of a token request.
pub type Parameter = (Cow<'static, str>, Secret);

/// A request to a token endpoint, before it is written down.
///
/// No parameter can stand in it twice, and an empty one counts as absent (RFC 6749 §3.2).
pub struct TokenRequest {
    uri: Uri,
    query: Vec<Parameter>,
    form: Vec<Parameter>,
    headers: HeaderMap,
}

impl TokenRequest {
    /// Returns a request to `uri`, whose own query is kept.
    pub fn new(uri: Uri) -> Self {
        Self {
            uri,
            query: Vec::new(),
            form: Vec::new(),
            headers: HeaderMap::new(),
        }
    }

    /// Adds a parameter to the query. What stands there ends up in logs of servers and proxies.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the request has a parameter of that name.
    pub fn query_parameter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: Secret,
    ) -> Result<(), Error> {
        let name = name.into();
        self.refuse_repeated(&name)?;
        if !value.is_empty() {
            self.query.push((name, value));
        }
        Ok(())
    }

    /// Adds a parameter to the form body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the request has a parameter of that name.
    pub fn form_parameter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: Secret,
    ) -> Result<(), Error> {
        let name = name.into();
        self.refuse_repeated(&name)?;
        if !value.is_empty() {
            self.form.push((name, value));
        }
        Ok(())
    }

    /// Sets a header, marked sensitive.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where `value` cannot be the value of a header.
    pub fn header(&mut self, name: HeaderName, value: &Secret) -> Result<(), Error> {
        let Ok(mut value) = HeaderValue::from_str(value.expose()) else {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("the value for the header {name} has characters that a header cannot have"),
            ));
        };
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// Returns the address, without the parameters added.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the parameters added to the query, in the order in which they are sent.
    pub fn query(&self) -> &[Parameter] {
        &self.query
    }

    /// Returns the parameters of the form body, in the order in which they are sent.
    pub fn form(&self) -> &[Parameter] {
        &self.form
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn refuse_repeated(&self, name: &str) -> Result<(), Error> {
        let own = self.uri.query().unwrap_or_default();
        let repeated = self.query.iter().chain(&self.form).any(|(n, _)| n == name)
            || own
                .split('&')
                .any(|pair| pair.split('=').next() == Some(name));
        if repeated {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "the parameter {name} stands in the token request twice (RFC 6749 section 3.2)"
                ),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |list: &[Parameter]| list.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
        f.debug_struct("TokenRequest")
            .field("host", &self.uri.host())
            .field("path", &self.uri.path())
            .field("query", &names(&self.query))
            .field("form", &names(&self.form))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}
