//! What the layer was told, and the check of where a request goes.

use std::{fmt, sync::Arc};

use auth_core::{Error, ErrorKind, Origin, TokenSource};
use http::Uri;

use crate::{AuthError, Reason, answer::Refusal, route::Route};

/// What to do with a request to a server that the token is not for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForeignOrigin {
    /// Answer with an error and send nothing: a wrong address is found at once.
    #[default]
    Refuse,
    /// Send the request without the token, for a client that also follows redirects or talks to other servers.
    SendWithoutToken,
}

/// Where the tokens come from.
#[derive(Clone)]
pub(crate) enum Selector {
    Fixed(Arc<dyn TokenSource>),
    Routed(Arc<dyn Route>),
}

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) selector: Selector,
    pub(crate) at: Option<Origin>,
    pub(crate) foreign: ForeignOrigin,
    pub(crate) anonymous: bool,
    pub(crate) plain_http: bool,
    /// Which responses mean that the token was refused; nothing, where the usual rule holds.
    pub(crate) refusal: Option<Refusal>,
    /// Whether the trailers are watched as well.
    pub(crate) watched: bool,
}

/// Whether the token may go where the request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    WithToken,
    WithoutToken,
}

impl Config {
    pub(crate) fn new(selector: Selector) -> Self {
        Self {
            selector,
            at: None,
            foreign: ForeignOrigin::default(),
            anonymous: false,
            plain_http: false,
            refusal: None,
            watched: false,
        }
    }

    /// Checks the address of one attempt against the origins of its source.
    #[inline]
    pub(crate) fn admit(&self, source: &dyn TokenSource, uri: &Uri) -> Result<Passage, AuthError> {
        match source.origins().find(uri) {
            Some(origin) if origin.is_protected() || self.plain_http => Ok(Passage::WithToken),
            Some(_) => Err(plain_http()),
            None if uri.authority().is_none() => self.admit_relative(source),
            None => self.admit_foreign(),
        }
    }

    #[cold]
    fn admit_foreign(&self) -> Result<Passage, AuthError> {
        match self.foreign {
            ForeignOrigin::Refuse => Err(foreign(
                "the address is not of an origin of the token source; add it to its origins, or send the request \
                 with the NoAuth extension",
            )),
            ForeignOrigin::SendWithoutToken => Ok(Passage::WithoutToken),
        }
    }

    /// Checks an address such as tonic's, which leaves the server to the channel below.
    fn admit_relative(&self, source: &dyn TokenSource) -> Result<Passage, AuthError> {
        let Some(at) = &self.at else {
            let message = "the address has no host; build the layer with .at(origin) to say which server it is for";
            let cause = Error::new(ErrorKind::Configuration, message);
            return Err(AuthError::new(Reason::NoAuthority, cause));
        };
        if !source.origins().contains(at) {
            return Err(foreign(
                "the origin given to .at is not an origin of the token source; make the two agree",
            ));
        }
        if !self.plain_http && !at.is_protected() {
            return Err(plain_http());
        }
        Ok(Passage::WithToken)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("at", &self.at)
            .field("foreign_origins", &self.foreign)
            .field("anonymous", &self.anonymous)
            .field("dangerous_plain_http", &self.plain_http)
            .field("watch_trailers", &self.watched)
            .finish_non_exhaustive()
    }
}

fn foreign(message: &'static str) -> AuthError {
    let cause = Error::new(ErrorKind::Configuration, message);
    AuthError::new(Reason::ForeignOrigin, cause)
}

#[cold]
fn plain_http() -> AuthError {
    let message = "the address is plain http and not a loopback address; use https, or say dangerous_plain_http";
    let cause = Error::new(ErrorKind::Configuration, message);
    AuthError::new(Reason::PlainHttp, cause)
}

#[cfg(test)]
mod tests;
