//! Replacements on top of a checker's mutex and atomics.

pub(crate) mod oneshot;
pub(crate) mod runtime;
pub(crate) mod turn;

use std::{sync::PoisonError, task::Waker};

use super::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes everybody who waits. Call it without a lock.
fn wake(waiting: Vec<Waker>) {
    for waker in waiting {
        waker.wake();
    }
}

/// The standard library's, with the checker's eye on when the value is seen.
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    set: AtomicBool,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: std::sync::OnceLock::new(),
            set: AtomicBool::new(false),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let set = self.set.load(Ordering::Acquire);
        self.value.get().filter(|_| set)
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.set.store(true, Ordering::Release);
        Ok(())
    }
}
