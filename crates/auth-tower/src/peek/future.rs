//! Reading ahead.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{Response, response::Parts};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;

use super::{
    PeekBodyLayer, Peeked,
    body::{Ahead, PeekedBody},
};

pin_project! {
    /// The future of [`PeekBody`](super::PeekBody).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the response and what was read of it.
    pub struct PeekFuture<F, R: Body> {
        #[pin]
        future: F,
        layer: PeekBodyLayer,
        reading: Option<Box<Reading<R>>>,
    }
}

struct Reading<R: Body> {
    head: Parts,
    read: VecDeque<Result<Frame<Bytes>, R::Error>>,
    length: usize,
    rest: Pin<Box<R>>,
}

impl<F, R: Body> PeekFuture<F, R> {
    pub(super) fn new(future: F, layer: PeekBodyLayer) -> Self {
        Self {
            future,
            layer,
            reading: None,
        }
    }
}

impl<F, R, E> Future for PeekFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<PeekedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.reading.is_none() {
            let response = ready!(this.future.poll(cx))?;
            if !(this.layer.choice)(response.status()) {
                return Poll::Ready(Ok(response.map(PeekedBody::untouched)));
            }
            let (head, body) = response.into_parts();
            *this.reading = Some(Box::new(Reading {
                head,
                read: VecDeque::new(),
                length: 0,
                rest: Box::pin(body),
            }));
        }
        let limit = this.layer.limit;
        let ended = match this.reading.as_mut() {
            Some(reading) => ready!(reading.poll_read(limit, cx)),
            None => return Poll::Pending,
        };
        match this.reading.take() {
            Some(reading) => Poll::Ready(Ok((*reading).finish(limit, ended))),
            None => Poll::Pending,
        }
    }
}

impl<R: Body<Data = Bytes>> Reading<R> {
    /// Reads until there is enough; the answer is whether the body has ended.
    fn poll_read(&mut self, limit: usize, cx: &mut Context<'_>) -> Poll<bool> {
        while self.length < limit {
            if self.rest.is_end_stream() {
                return Poll::Ready(true);
            }
            match ready!(self.rest.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(true),
                Some(Ok(frame)) => {
                    self.length += frame.data_ref().map_or(0, Bytes::len);
                    self.read.push_back(Ok(frame));
                }
                // The caller meets the error where it happened, after what came before it.
                Some(Err(error)) => {
                    self.read.push_back(Err(error));
                    return Poll::Ready(false);
                }
            }
        }
        Poll::Ready(self.rest.is_end_stream())
    }

    fn finish(mut self, limit: usize, ended: bool) -> Response<PeekedBody<R>> {
        let mut bytes = BytesMut::with_capacity(self.length.min(limit));
        for data in self
            .read
            .iter()
            .filter_map(|frame| frame.as_ref().ok()?.data_ref())
        {
            let left = limit - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(left)]);
        }
        self.head.extensions.insert(Peeked {
            bytes: bytes.freeze(),
            whole: ended && self.length <= limit,
        });
        let ahead = Ahead {
            read: self.read,
            rest: (!ended).then_some(self.rest),
        };
        Response::from_parts(self.head, PeekedBody::ahead(ahead))
    }
}

impl<F, R: Body> fmt::Debug for PeekFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeekFuture(..)")
    }
}
