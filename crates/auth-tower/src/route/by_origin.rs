//! A route by where the request goes.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Token, TokenSource};

use super::{RequestHead, Route};

/// Returns a route to the first of `sources` whose origins allow the request's address.
///
/// A request that none of them allows goes to a foreign origin: see
/// [`AuthLayer::foreign_origins`](crate::AuthLayer::foreign_origins).
pub fn by_origin(sources: impl IntoIterator<Item = Arc<dyn TokenSource>>) -> ByOrigin {
    ByOrigin {
        sources: sources.into_iter().collect(),
        nobody: Arc::new(Nobody),
    }
}

/// A route by where the request goes. Made by [`by_origin`].
#[derive(Clone)]
pub struct ByOrigin {
    sources: Arc<[Arc<dyn TokenSource>]>,
    nobody: Arc<dyn TokenSource>,
}

impl Route for ByOrigin {
    fn source(&self, request: &RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> {
        let mut sources = self.sources.iter();
        let found = sources.find(|source| source.origins().allow(request.uri()));
        Ok(Arc::clone(found.unwrap_or(&self.nobody)))
    }
}

impl fmt::Debug for ByOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.sources.iter().map(|source| source.origins());
        f.debug_list().entries(origins).finish()
    }
}

/// Stands for the lack of a source: its token may go nowhere, so the layer never asks for it.
struct Nobody;

#[async_trait]
impl TokenSource for Nobody {
    async fn token(&self) -> Result<Token, Error> {
        let message = "no token source is for this address; add one to the route";
        Err(Error::new(ErrorKind::Configuration, message))
    }
}
