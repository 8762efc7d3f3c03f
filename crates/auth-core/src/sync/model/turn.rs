//! Tokio's `Mutex`, whose guard may live across a wait.

use std::{
    future::{Future, poll_fn},
    mem,
    sync::Arc,
    task::{Poll, Waker},
};

use super::{super::Mutex, lock, wake};

/// Whoever asks first when it is free has it: unlike Tokio's it does not keep to the order of asking, so more schedules
/// are tried and none fewer.
#[derive(Default)]
pub(crate) struct AsyncMutex<T> {
    inner: Mutex<Inner>,
    _value: T,
}

#[derive(Default)]
struct Inner {
    taken: bool,
    waiting: Vec<Waker>,
}

impl<T> AsyncMutex<T> {
    pub(crate) fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        poll_fn(move |cx| {
            let mut inner = lock(&self.inner);
            if inner.taken {
                inner.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            inner.taken = true;
            Poll::Ready(OwnedMutexGuard(Arc::clone(&self)))
        })
    }
}

pub(crate) struct OwnedMutexGuard<T>(Arc<AsyncMutex<T>>);

impl<T> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut inner = lock(&self.0.inner);
            inner.taken = false;
            mem::take(&mut inner.waiting)
        };
        wake(waiting);
    }
}
