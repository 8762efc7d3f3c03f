//! Replacements on top of a checker's mutex and atomics.

pub(crate) mod oneshot;
pub(crate) mod runtime;
pub(crate) mod turn;
pub(crate) mod watch;

use std::{sync::PoisonError, task::Waker};

use super::{Mutex, MutexGuard};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes everybody who waits. Call it without a lock.
fn wake(waiting: Vec<Waker>) {
    for waker in waiting {
        waker.wake();
    }
}
