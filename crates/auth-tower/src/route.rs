//! Which token source a request gets.

mod by_origin;
mod tenants;

use std::{fmt, sync::Arc};

use auth_core::{Error, TokenSource};
use http::{Extensions, HeaderMap, Method, Request, Uri};

pub use by_origin::{ByOrigin, by_origin};

/// Chooses the token source of each request.
///
/// # Contract
///
/// It neither waits nor blocks: it runs within `call`. It chooses who the request is sent as, not whether it may: the
/// origins of the source that it returns are checked afterwards. A request's `Arc<dyn TokenSource>` extension comes
/// before any route, and [`NoAuth`] before both.
pub trait Route: Send + Sync {
    /// Returns the source for a request.
    ///
    /// # Errors
    ///
    /// Where there is none; the caller of the service gets it within an [`AuthError`](crate::AuthError) of
    /// [`Reason::Route`](crate::Reason::Route).
    fn source(&self, request: &RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error>;
}

/// What of a request a [`Route`] sees.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    /// Returns the view of a request.
    pub fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// Returns the method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the address.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the extensions, where an application puts what it knows about the request.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("host", &self.uri.host())
            .finish_non_exhaustive()
    }
}

/// A request extension that sends the request without a token, as it is.
///
/// # Example
///
/// ```
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(auth_tower::NoAuth);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct NoAuth;

/// Returns a route that asks a function.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use auth_core::{Error, ErrorKind, TokenSource};
/// use auth_tower::{AuthLayer, RequestHead, route};
///
/// fn layer(reader: Arc<dyn TokenSource>, writer: Arc<dyn TokenSource>) -> AuthLayer {
///     AuthLayer::routed(route::by(move |request: &RequestHead<'_>| {
///         Ok(Arc::clone(if request.method().is_safe() { &reader } else { &writer }))
///     }))
/// }
/// ```
pub fn by<F>(choose: F) -> By<F>
where
    F: Fn(&RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> + Send + Sync,
{
    By(choose)
}

/// A route that asks a function. Made by [`by`].
#[derive(Clone, Copy)]
pub struct By<F>(F);

impl<F> Route for By<F>
where
    F: Fn(&RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> + Send + Sync,
{
    fn source(&self, request: &RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for By<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("By(..)")
    }
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<T: Route + ?Sized> Route for $kind {
            fn source(&self, request: &RequestHead<'_>) -> Result<Arc<dyn TokenSource>, Error> {
                (**self).source(request)
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);

#[cfg(test)]
mod tests;
