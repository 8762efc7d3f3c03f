//! Loom tries every schedule up to a number of preemptions, with old values of atomics as far as it models their orderings.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

pub(crate) use loom::{
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};

use super::model::runtime;

/// Enough for every model; where it is met, a model goes round in a circle.
const MOST_BRANCHES: usize = 20_000;

/// Checks `model` under every schedule with at most `preemptions` preemptions, or as many as `LOOM_MAX_PREEMPTIONS` says.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = MOST_BRANCHES;
    let schedules = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&schedules);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        runtime::enter();
        model();
        runtime::join();
    });
    // Seen with `--show-output`.
    eprintln!("{} schedules", schedules.load(Ordering::Relaxed));
}

/// Runs a future on the calling thread. It may be polled once more than it was woken, as every future may.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark::default());
    let waker = Waker::from(Arc::clone(&unpark));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        unpark.0.wait();
    }
}

#[derive(Default)]
struct Unpark(loom::sync::Notify);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}
