//! A body of which a part was read ahead.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A response body as it came, or one of which a part was read ahead and is handed on first.
    pub struct PeekedBody<R: Body> {
        #[pin]
        kind: Kind<R>,
    }
}

pin_project! {
    #[project = KindStep]
    enum Kind<R: Body> {
        Untouched { #[pin] body: R },
        Ahead { ahead: Ahead<R> },
    }
}

/// What was read of a body, and the rest of it.
pub(super) struct Ahead<R: Body> {
    pub(super) read: VecDeque<Result<Frame<Bytes>, R::Error>>,
    /// Absent when the body has ended.
    pub(super) rest: Option<Pin<Box<R>>>,
}

impl<R: Body> PeekedBody<R> {
    pub(super) fn untouched(body: R) -> Self {
        let kind = Kind::Untouched { body };
        Self { kind }
    }

    pub(super) fn ahead(ahead: Ahead<R>) -> Self {
        let kind = Kind::Ahead { ahead };
        Self { kind }
    }
}

impl<R: Body<Data = Bytes>> Body for PeekedBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let ahead = match self.project().kind.project() {
            KindStep::Untouched { body } => return body.poll_frame(cx),
            KindStep::Ahead { ahead } => ahead,
        };
        if let Some(frame) = ahead.read.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match &mut ahead.rest {
            Some(rest) => rest.as_mut().poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Untouched { body } => body.is_end_stream(),
            Kind::Ahead { ahead } => {
                ahead.read.is_empty() && ahead.rest.as_ref().is_none_or(|rest| rest.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = match &self.kind {
            Kind::Untouched { body } => return body.size_hint(),
            Kind::Ahead { ahead } => ahead,
        };
        let frames = ahead
            .read
            .iter()
            .filter_map(|frame| frame.as_ref().ok()?.data_ref());
        let read: u64 = frames.map(|data| data.len() as u64).sum();
        let Some(rest) = &ahead.rest else {
            return SizeHint::with_exact(read);
        };
        let hint = rest.size_hint();
        let mut sum = SizeHint::new();
        sum.set_lower(hint.lower().saturating_add(read));
        if let Some(upper) = hint.upper().and_then(|upper| upper.checked_add(read)) {
            sum.set_upper(upper);
        }
        sum
    }
}

impl<R: Body> fmt::Debug for PeekedBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeekedBody(..)")
    }
}
