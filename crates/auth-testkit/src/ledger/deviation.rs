//! How a request can differ from its specification.

use std::fmt;

use super::shown;

/// One difference between a request and the provider's wire specification.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Deviation {
    request: usize,
    kind: DeviationKind,
    name: String,
}

/// What a [`Deviation`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// The path is none of the provider's.
    UnknownPath,
    /// The method is not the documented one.
    Method,
    /// The request target has a fragment or names a host.
    Target,
    /// A parameter stands there more than once, query and form taken together.
    RepeatedParameter,
    /// A parameter has no value.
    EmptyParameter,
    /// A parameter is not documented for this request.
    UnexpectedParameter,
    /// A parameter that is required is not there.
    MissingParameter,
    /// A parameter stands in the query and belongs in the form, or the other way round.
    MisplacedParameter,
    /// A parameter has a value that the specification rules out.
    ParameterValue,
    /// The grant is not named as this provider names it.
    GrantName,
    /// The redirect address differs from the one that the code was issued for.
    RedirectUri,
    /// A header stands there more than once.
    RepeatedHeader,
    /// A header is there that must not be.
    UnexpectedHeader,
    /// A header that is required is not there.
    MissingHeader,
    /// A header has a value that the specification rules out.
    HeaderValue,
    /// The body is of the wrong type, or there is one where none belongs.
    Body,
    /// The client proves who it is in more than one way (RFC 6749 §2.3).
    TwoCredentials,
    /// The client does not say who it is.
    MissingCredentials,
    /// What should prove who the client is cannot be read.
    MalformedCredentials,
    /// The request goes where a redirect pointed (RFC 9700 §4.12).
    RedirectFollowed,
}

impl Deviation {
    pub(super) fn new(request: usize, kind: DeviationKind, name: &str) -> Self {
        Self {
            request,
            kind,
            name: shown::name(name).to_owned(),
        }
    }

    /// Returns the number of the request, as in [`Entry::number`](super::Entry::number).
    pub fn request(&self) -> usize {
        self.request
    }

    /// Returns what the deviation is about.
    pub fn kind(&self) -> DeviationKind {
        self.kind
    }

    /// Returns the name of the parameter, header or part; one that could be a secret is hidden.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}: {:?} {}", self.request, self.kind, self.name)
    }
}

impl fmt::Debug for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
