//! Tokio's `Notify`, as far as one permit goes.

use std::{
    future::{Future, poll_fn},
    mem,
    task::{Poll, Waker},
};

use super::{super::Mutex, lock, wake};

/// Holds at most one permit. A wait that is dropped takes none with it.
pub(crate) struct Notify(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    permit: bool,
    waiting: Vec<Waker>,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner::default()))
    }

    pub(crate) fn notify_one(&self) {
        let waiting = {
            let mut inner = lock(&self.0);
            inner.permit = true;
            mem::take(&mut inner.waiting)
        };
        wake(waiting);
    }

    pub(crate) fn notified(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|cx| {
            let mut inner = lock(&self.0);
            if mem::take(&mut inner.permit) {
                return Poll::Ready(());
            }
            inner.waiting.push(cx.waker().clone());
            Poll::Pending
        })
    }
}
