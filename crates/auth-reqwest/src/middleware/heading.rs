//! What the layer is shown of a request.

use std::sync::{Arc, OnceLock};

use auth_core::TokenSource;
use auth_tower::NoAuth;
use http::{Extensions, Uri};
use reqwest::{Body, Request, Result, Url};

/// How much of a request the layer needs to see.
#[derive(Clone)]
pub(super) enum Heading {
    /// The origin, and the extensions that every layer knows. The origin of the first request is read once for all.
    Origin(Arc<OnceLock<First>>),
    /// The whole address and all extensions, since a route may ask for any of them.
    Whole,
}

/// The first origin that was seen.
pub(super) struct First {
    /// Everything up to and including the slash that ends the authority.
    start: Box<str>,
    uri: Uri,
}

impl Heading {
    pub(super) fn of_origin() -> Self {
        Self::Origin(Arc::default())
    }

    /// Returns the address that the layer sees, unless it cannot be read.
    pub(super) fn uri(&self, url: &Url) -> Option<Uri> {
        match self {
            Self::Origin(first) => origin(first, url),
            Self::Whole => whole(url),
        }
    }

    /// Returns the extensions that the layer sees.
    pub(super) fn extensions(&self, extensions: &Extensions) -> Extensions {
        match self {
            Self::Origin(_) => known(extensions),
            Self::Whole => extensions.clone(),
        }
    }
}

fn origin(first: &OnceLock<First>, url: &Url) -> Option<Uri> {
    let address = url.as_str();
    // The slash is compared too, so that no longer host or port passes for this one.
    match first.get() {
        Some(first) if address.starts_with(&*first.start) => return Some(first.uri.clone()),
        Some(_) => return whole(url),
        None => {}
    }
    let authority = address.find("://")? + "://".len();
    let end = authority + address[authority..].find('/')? + 1;
    let start = &address[..end];
    if start.contains('@') {
        // User-info may be a password, which is not kept.
        return whole(url);
    }
    let uri: Uri = start.parse().ok()?;
    let start = start.into();
    // Where two are first at once, either will do.
    let _ = first.set(First {
        start,
        uri: uri.clone(),
    });
    Some(uri)
}

fn whole(url: &Url) -> Option<Uri> {
    url.as_str().parse().ok()
}

/// Returns the extensions that a layer without a route looks at.
fn known(extensions: &Extensions) -> Extensions {
    let mut known = Extensions::new();
    if let Some(none) = extensions.get::<NoAuth>() {
        known.insert(*none);
    }
    if let Some(source) = extensions.get::<Arc<dyn TokenSource>>() {
        known.insert(Arc::clone(source));
    }
    known
}

/// Lets reqwest read the address, which says in its own words why it cannot be read.
pub(super) fn converted(request: Request) -> Result<(Uri, Request)> {
    let request = http::Request::<Body>::try_from(request)?;
    let uri = request.uri().clone();
    Ok((uri, Request::try_from(request)?))
}

#[cfg(test)]
mod tests;
