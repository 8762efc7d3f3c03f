//! What a second sending of a request needs.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use reqwest::{Body, Request, Url};

use crate::replay;

/// All that reqwest shows of a request, but for the headers.
///
/// `Request::try_clone` makes room for a time limit in each copy, which takes longer than all the rest.
pub(super) struct Copy {
    method: Method,
    url: Url,
    version: Version,
    limit: Option<Duration>,
    body: Option<Body>,
}

impl Copy {
    /// Returns a copy of a request, unless its body is a stream.
    pub(super) fn of(request: &mut Request) -> Option<Self> {
        let body = match request.body_mut() {
            Some(body) => Some(replay::copy(body)?),
            None => None,
        };
        Some(Self {
            method: request.method().clone(),
            url: request.url().clone(),
            version: request.version(),
            limit: request.timeout().copied(),
            body,
        })
    }

    pub(super) fn uri(&self) -> Option<Uri> {
        self.url.as_str().parse().ok()
    }

    /// Returns a request like the one that was copied, without headers.
    pub(super) fn into_request(self) -> Request {
        let mut request = Request::new(self.method, self.url);
        *request.version_mut() = self.version;
        *request.body_mut() = self.body;
        if let Some(limit) = self.limit {
            *request.timeout_mut() = Some(limit);
        }
        request
    }
}

/// Headers in a plain list, which is one allocation; a copied map is two. The map is made again if it is ever needed.
pub(super) struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut list = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            list.push((name.clone(), value.clone()));
        }
        Self(list)
    }

    pub(super) fn into_map(self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.0.len());
        for (name, value) in self.0 {
            map.append(name, value);
        }
        map
    }
}
