//! Tokio's `watch`, as far as waiting for a value goes.

use std::{
    future::poll_fn,
    mem,
    ops::Deref,
    sync::Arc,
    task::{Poll, Waker},
};

use super::{super::Mutex, lock, wake};

struct Inner<T> {
    value: T,
    closed: bool,
    waiting: Vec<Waker>,
}

/// Returns both ends.
pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let inner = Arc::new(Mutex::new(Inner {
        value,
        closed: false,
        waiting: Vec::new(),
    }));
    (Sender(Arc::clone(&inner)), Receiver(inner))
}

pub(crate) struct Sender<T>(Arc<Mutex<Inner<T>>>);

impl<T> Sender<T> {
    pub(crate) fn send_replace(&self, value: T) -> T {
        let mut inner = lock(&self.0);
        let old = mem::replace(&mut inner.value, value);
        let waiting = mem::take(&mut inner.waiting);
        drop(inner);
        wake(waiting);
        old
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut inner = lock(&self.0);
        inner.closed = true;
        let waiting = mem::take(&mut inner.waiting);
        drop(inner);
        wake(waiting);
    }
}

pub(crate) struct Receiver<T>(Arc<Mutex<Inner<T>>>);

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Receiver<T> {
    pub(crate) async fn wait_for(&mut self, is: impl Fn(&T) -> bool) -> Result<Ref<T>, Closed> {
        poll_fn(|cx| {
            let mut inner = lock(&self.0);
            if is(&inner.value) {
                return Poll::Ready(Ok(Ref(inner.value.clone())));
            }
            if inner.closed {
                return Poll::Ready(Err(Closed));
            }
            inner.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// The value that was waited for.
pub(crate) struct Ref<T>(T);

impl<T> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The sender is gone, and the value never came.
pub(crate) struct Closed;
