//! Tokio's `oneshot`.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{super::Mutex, lock};

enum Inner<T> {
    Open(Option<Waker>),
    Sent(T),
    /// One of the two is gone.
    Closed,
}

/// Returns both ends.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let inner = Arc::new(Mutex::new(Inner::Open(None)));
    (Sender(Arc::clone(&inner)), Receiver(inner))
}

pub(crate) struct Sender<T>(Arc<Mutex<Inner<T>>>);

impl<T> Sender<T> {
    /// Returns whether nobody waits for a value any more.
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(*lock(&self.0), Inner::Open(_))
    }

    /// Gives the value back where nobody waits for it any more.
    pub(crate) fn send(self, value: T) -> Result<(), T> {
        let mut inner = lock(&self.0);
        let Inner::Open(waker) = &mut *inner else {
            return Err(value);
        };
        let waker = waker.take();
        *inner = Inner::Sent(value);
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut inner = lock(&self.0);
        if let Inner::Open(waker) = &mut *inner {
            let waker = waker.take();
            *inner = Inner::Closed;
            drop(inner);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

pub(crate) struct Receiver<T>(Arc<Mutex<Inner<T>>>);

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = lock(&self.0);
        if let Inner::Open(waker) = &mut *inner {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match mem::replace(&mut *inner, Inner::Closed) {
            Inner::Sent(value) => Poll::Ready(Ok(value)),
            _ => Poll::Ready(Err(Closed)),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // What was sent and not received is dropped without the lock: its drop may be somebody's turn.
        let left = mem::replace(&mut *lock(&self.0), Inner::Closed);
        drop(left);
    }
}

/// The sender is gone, and there was no value.
#[derive(Debug)]
pub(crate) struct Closed;
