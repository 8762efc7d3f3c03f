//! The rest of the chain as a service.

use std::{
    future::Future,
    task::{Context, Poll},
};

use http::HeaderMap;
use reqwest_middleware::{Error, Result};
use tower_service::Service;

use super::Ticket;

/// The middleware after this one, and the client: a service that can be called twice, and always is ready.
///
/// A function makes its future, so that it is of a type without a name and needs no box.
#[derive(Clone)]
pub(super) struct Rest<F>(pub(super) F);

impl<'a, F, R> Service<http::Request<Ticket<'a>>> for Rest<F>
where
    F: Fn(HeaderMap) -> R,
    R: Future<Output = Result<http::Response<()>>>,
{
    type Response = http::Response<()>;
    type Error = Error;
    type Future = R;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Ticket<'a>>) -> R {
        (self.0)(request.into_parts().0.headers)
    }
}
