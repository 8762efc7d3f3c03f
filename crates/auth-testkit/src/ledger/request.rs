//! One request as it came.

use std::fmt;

use auth_core::Now;
use bytes::Bytes;

use super::shown;

/// One request as it came, byte for byte.
///
/// `Debug` tells methods, names and lengths, never a value.
#[derive(Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    http2: bool,
    at: Option<Now>,
    pub(crate) body: Bytes,
    pub(crate) raw: Bytes,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, String)>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            http2: false,
            at: None,
            body: Bytes::new(),
            raw: Bytes::new(),
        }
    }

    pub(crate) fn over_http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    pub(crate) fn at(mut self, now: Now) -> Self {
        self.at = Some(now);
        self
    }

    /// Returns the method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the request target, as it was sent.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the target without query and fragment.
    pub fn path(&self) -> &str {
        let end = self.target.find(['?', '#']).unwrap_or(self.target.len());
        &self.target[..end]
    }

    /// Returns the query as it was sent, without the question mark.
    pub fn raw_query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Returns the decoded parameters of the query, in the order in which they came.
    pub fn query(&self) -> Vec<(String, String)> {
        decode(self.raw_query().unwrap_or_default().as_bytes())
    }

    /// Returns the decoded parameters of the body, if it says that it is a form.
    pub fn form(&self) -> Vec<(String, String)> {
        let form = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if form { decode(&self.body) } else { Vec::new() }
    }

    /// Returns the first value of a parameter of the query.
    pub fn query_value(&self, name: &str) -> Option<String> {
        first(self.query(), name)
    }

    /// Returns the first value of a parameter of the form.
    pub fn form_value(&self, name: &str) -> Option<String> {
        first(self.form(), name)
    }

    /// Returns the headers, in the order and case in which they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the first value of a header; case plays no part in its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns every value of a header.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body, without the marks of chunks.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns every byte as it was sent; nothing over HTTP/2, where there is no such text.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns whether the request came over HTTP/2.
    pub fn is_http2(&self) -> bool {
        self.http2
    }

    /// Returns when the request had been read, on the server's clock.
    ///
    /// # Panics
    ///
    /// Never for a request taken from a ledger.
    pub fn received(&self) -> Now {
        self.at
            .expect("a ledger holds only requests that were read")
    }
}

fn decode(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn first(pairs: Vec<(String, String)>, name: &str) -> Option<String> {
    pairs
        .into_iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value)
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs
                .iter()
                .map(|(name, _)| shown::name(name).to_owned())
                .collect()
        };
        f.debug_struct("Request")
            .field("method", &shown::name(&self.method))
            .field("path", &shown::path(self.path()))
            .field("query", &names(&self.query()))
            .field("headers", &names(&self.headers))
            .field("form", &names(&self.form()))
            .field("body_length", &self.body.len())
            .finish()
    }
}
