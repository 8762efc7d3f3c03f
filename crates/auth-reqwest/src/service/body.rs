//! Any body as one of reqwest.

use std::{
    any::Any,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Returns `body` as one of reqwest; one that is already such stays as it is.
pub(super) fn into_reqwest<B>(body: B) -> reqwest::Body
where
    B: Body + Send + 'static,
    B::Data: Into<Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut slot = Some(body);
    if let Some(own) = (&mut slot as &mut dyn Any).downcast_mut::<Option<reqwest::Body>>() {
        return own.take().unwrap_or_default();
    }
    match slot {
        Some(body) if !body.is_end_stream() => reqwest::Body::wrap(Shareable::new(body)),
        // A known empty body is sent with a length of 0 instead of in chunks.
        _ => reqwest::Body::default(),
    }
}

/// Makes a body shareable between threads, as reqwest asks, although nobody ever shares it.
struct Shareable<B>(Mutex<Pin<Box<B>>>);

impl<B> Shareable<B> {
    fn new(body: B) -> Self {
        Self(Mutex::new(Box::pin(body)))
    }

    fn look<T>(&self, read: impl FnOnce(&B) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<B: Body> Body for Shareable<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.look(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.look(Body::size_hint)
    }
}
