//! An `Arc` that can be replaced while it is read.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use super::super::atomic::{AtomicUsize, Ordering};

/// All that was ever stored, and which of it is current. The list is written before the index and never changed, so it
/// is the index alone that orders readers and writers.
pub(crate) struct ArcSwapOption<T> {
    stored: Mutex<Vec<Option<Arc<T>>>>,
    current: AtomicUsize,
}

impl<T> ArcSwapOption<T> {
    pub(crate) fn empty() -> Self {
        Self {
            stored: Mutex::new(vec![None]),
            current: AtomicUsize::new(0),
        }
    }

    pub(crate) fn load(&self) -> Guard<T> {
        let current = self.current.load(Ordering::Acquire);
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        Guard(stored[current].clone())
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        let current = {
            let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
            stored.push(value);
            stored.len() - 1
        };
        self.current.swap(current, Ordering::AcqRel);
    }
}

pub(crate) struct Guard<T>(Option<Arc<T>>);

impl<T> Deref for Guard<T> {
    type Target = Option<Arc<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
