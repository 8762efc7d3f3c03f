//! Comparing a request with what is documented, whatever comes of it.

use std::collections::BTreeMap;

use crate::ledger::{DeviationKind, Notes, Request};

/// What is documented about one kind of request.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) method: &'a str,
    /// The parameters that may stand in the query.
    pub(super) query: &'a [&'a str],
    /// The parameters that may stand in the form.
    pub(super) form: &'a [&'a str],
    /// Those of them that must be there.
    pub(super) required: &'a [&'a str],
    pub(super) body: Body,
    /// The headers that must be there, besides `Host` and `Accept`.
    pub(super) headers: &'a [&'a str],
}

/// What the body is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// None; a POST says so by `Content-Length: 0`.
    Empty,
    Form,
}

/// The headers that a token request or a resource call has only where a provider documents them.
const ONLY_WHERE_DOCUMENTED: [&str; 10] = [
    "authorization",
    "cookie",
    "cookie2",
    "key",
    "origin",
    "proxy-authorization",
    "referer",
    "x-rator-brand-key",
    "x-api-key",
    "expect",
];

/// The headers that RFC 9110 allows once; a second one is read by some servers and not by others.
const ONCE: [&str; 9] = [
    "accept",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "key",
    "transfer-encoding",
    "user-agent",
    "x-rator-brand-key",
];

/// Notes every deviation of `request` from `shape`.
pub(super) fn check(request: &Request, shape: &Shape<'_>, notes: &mut Notes) {
    if request.method() != shape.method {
        notes.deviation(DeviationKind::Method, request.method());
    }
    if request.target().contains('#') || !request.target().starts_with('/') {
        notes.deviation(DeviationKind::Target, "target");
    }
    headers(request, shape, notes);
    body(request, shape, notes);
    parameters(request, shape, notes);
}

fn headers(request: &Request, shape: &Shape<'_>, notes: &mut Notes) {
    for name in ["host", "accept"].iter().chain(shape.headers) {
        if request.header(name).is_none_or(str::is_empty) {
            notes.deviation(DeviationKind::MissingHeader, name);
        }
    }
    for name in ONLY_WHERE_DOCUMENTED {
        if !shape.headers.contains(&name) && request.header(name).is_some() {
            notes.deviation(DeviationKind::UnexpectedHeader, name);
        }
    }
    for name in ONCE {
        if request.header_values(name).count() > 1 {
            notes.deviation(DeviationKind::RepeatedHeader, name);
        }
    }
    if request
        .header("accept")
        .is_some_and(|accept| !accepts_json(accept))
    {
        notes.deviation(DeviationKind::HeaderValue, "accept");
    }
    // A decoder is a way to be sent a bomb; the answers are small, so none is asked for.
    let encoding = request.header("accept-encoding").unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        notes.deviation(DeviationKind::HeaderValue, "accept-encoding");
    }
}

fn accepts_json(accept: &str) -> bool {
    accept
        .split(',')
        .any(|kind| kind.split(';').next().map(str::trim) == Some("application/json"))
}

fn body(request: &Request, shape: &Shape<'_>, notes: &mut Notes) {
    let kind = request.header("content-type");
    let media = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    match shape.body {
        Body::Empty => {
            if !request.body().is_empty() || kind.is_some() {
                notes.deviation(DeviationKind::Body, "body");
            }
            let zero = request.header("content-length") == Some("0");
            if shape.method == "POST" && !zero && request.body().is_empty() {
                notes.deviation(DeviationKind::MissingHeader, "content-length");
            }
        }
        Body::Form if media != Some("application/x-www-form-urlencoded") => {
            notes.deviation(DeviationKind::Body, "content-type");
        }
        Body::Form => {}
    }
}

fn parameters(request: &Request, shape: &Shape<'_>, notes: &mut Notes) {
    let (query, form) = (request.query(), request.form());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in query.iter().chain(&form) {
        *seen.entry(name).or_default() += 1;
        if value.is_empty() {
            notes.deviation(DeviationKind::EmptyParameter, name);
        }
    }
    for (name, _) in seen.iter().filter(|(_, count)| **count > 1) {
        notes.deviation(DeviationKind::RepeatedParameter, name);
    }
    for name in shape.required {
        if !seen.contains_key(name) {
            notes.deviation(DeviationKind::MissingParameter, name);
        }
    }
    let mut place = |pairs: &[(String, String)], here: &[&str], there: &[&str]| {
        for (name, _) in pairs {
            let name = name.as_str();
            if here.contains(&name) {
                continue;
            }
            let kind = if there.contains(&name) {
                DeviationKind::MisplacedParameter
            } else {
                DeviationKind::UnexpectedParameter
            };
            notes.deviation(kind, name);
        }
    };
    place(&query, shape.query, shape.form);
    place(&form, shape.form, shape.query);
}

/// The parameters that a server takes notice of.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Returns the value of `name`; one that is empty counts as absent (RFC 6749 §3.2).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let found = pairs.find(|(own, _)| own == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns the first name that stands there twice.
    pub(super) fn repeated(&self) -> Option<&str> {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        let mut places = names.iter().enumerate();
        places
            .find(|(at, name)| names[..*at].contains(name))
            .map(|(_, name)| *name)
    }
}

/// Returns the token of `Authorization: Bearer`.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
