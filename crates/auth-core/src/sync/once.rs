//! A value that comes once, for everybody who waits for it.
//!
//! Tokio's `watch` does that too. It takes three times the memory for each who waits, and a lock from each who is woken,
//! which counts where ten thousand are woken at once. What is given up is Tokio's budget for tasks that never wait, which
//! nobody needs who waits once for one exchange.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{Mutex, MutexGuard, OnceLock};

#[cfg(all(test, not(any(auth_model = "loom", auth_model = "shuttle"))))]
mod tests;

/// Returns both ends.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let inner = Arc::new(Inner {
        value: OnceLock::new(),
        waiting: Mutex::new(Waiting::default()),
    });
    (Sender(Arc::clone(&inner)), Receiver(inner))
}

struct Inner<T> {
    value: OnceLock<T>,
    waiting: Mutex<Waiting>,
}

/// Who waits.
#[derive(Default)]
struct Waiting {
    places: Vec<Option<Waker>>,
    /// The places of those who went, for the next who come.
    free: Vec<usize>,
    /// Whether nobody has to wait any more.
    over: bool,
}

impl<T> Inner<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // No foreign code runs under the lock, so a poisoned one is as good as any.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever tells the value.
pub(crate) struct Sender<T>(Arc<Inner<T>>);

impl<T> Sender<T> {
    /// Tells everybody who waits, and whoever asks later.
    pub(crate) fn send(self, value: T) {
        // It is the first: a sender is used up.
        let _ = self.0.value.set(value);
    }
}

/// Wakes everybody, be there a value or not.
impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let places = self.0.waiting().end();
        Sleepers(places.into_iter()).wake();
    }
}

/// Those who are still to be woken, though a waker panic.
struct Sleepers(std::vec::IntoIter<Option<Waker>>);

impl Sleepers {
    fn wake(&mut self) {
        self.0.by_ref().flatten().for_each(Waker::wake);
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        self.wake();
    }
}

/// Whoever may want to know the value.
pub(crate) struct Receiver<T>(Arc<Inner<T>>);

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Receiver<T> {
    /// Waits for the value; there is none where the sender went without one.
    pub(crate) fn wait(self) -> Wait<T> {
        let Self(inner) = self;
        Wait { inner, place: None }
    }
}

/// The future of [`Receiver::wait`].
pub(crate) struct Wait<T> {
    inner: Arc<Inner<T>>,
    place: Option<usize>,
}

impl<T: Clone> Future for Wait<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { inner, place } = &mut *self;
        if let Some(value) = inner.value.get() {
            return Poll::Ready(Some(value.clone()));
        }
        let waker = cx.waker().clone();
        let mut waiting = inner.waiting();
        if waiting.over {
            drop(waiting);
            // It was there before.
            return Poll::Ready(inner.value.get().cloned());
        }
        let old = waiting.stand(place, waker);
        // A waker is foreign code.
        drop(waiting);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Wait<T> {
    fn drop(&mut self) {
        // With a value nobody stands in a place any more, or soon will not; to look spares the lock.
        let Some(place) = self.place.filter(|_| self.inner.value.get().is_none()) else {
            return;
        };
        let left = self.inner.waiting().leave(place);
        drop(left);
    }
}

impl Waiting {
    /// Puts a waker in `place`, or in a new one, and returns the one that was there.
    fn stand(&mut self, place: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        let index = place.or_else(|| self.free.pop());
        let index = index.unwrap_or(self.places.len());
        *place = Some(index);
        match self.places.get_mut(index) {
            Some(place) => place.replace(waker),
            None => {
                self.places.push(Some(waker));
                None
            }
        }
    }

    fn end(&mut self) -> Vec<Option<Waker>> {
        self.over = true;
        self.free = Vec::new();
        mem::take(&mut self.places)
    }

    fn leave(&mut self, place: usize) -> Option<Waker> {
        let left = self.places.get_mut(place)?.take();
        self.free.push(place);
        left
    }
}
