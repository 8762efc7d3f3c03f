//! Tokio's runtime, with a thread of the checker for each task.

use std::{
    cell::RefCell,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{self, Arc},
    task::{Context, Poll, Waker},
};

use super::{
    super::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        checker,
    },
    lock, wake,
};

struct Runtime {
    /// How often the runtime was shut down and another one begun.
    era: AtomicUsize,
    asleep: Mutex<Vec<Waker>>,
    /// A real lock: the checkers see the threads themselves.
    tasks: sync::Mutex<Vec<checker::thread::JoinHandle<()>>>,
}

thread_local! {
    /// The checkers run all threads of one execution on one real thread.
    static CURRENT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
}

fn current() -> Arc<Runtime> {
    let current = CURRENT.with_borrow(Clone::clone);
    current.expect("the checker enters a runtime first")
}

/// Begins the runtime of one execution.
pub(crate) fn enter() {
    let runtime = Runtime {
        era: AtomicUsize::new(0),
        asleep: Mutex::new(Vec::new()),
        tasks: sync::Mutex::default(),
    };
    CURRENT.set(Some(Arc::new(runtime)));
}

/// Shuts the runtime down: each of its tasks is dropped where it waits next. Whoever asks from now on is within another.
pub(crate) fn shut_down() {
    let runtime = current();
    runtime.era.fetch_add(1, Ordering::AcqRel);
    let asleep = mem::take(&mut *lock(&runtime.asleep));
    wake(asleep);
}

/// Waits for every task. One that never ends is a deadlock, and the checker says so.
pub(crate) fn join() {
    let next = || current().tasks.lock().ok()?.pop();
    while let Some(task) = next() {
        task.join().expect("a task keeps its panic to itself");
    }
}

/// A runtime, as whoever spawns sees it.
pub(crate) struct Handle(usize);

/// There is always a runtime here.
#[derive(Debug)]
pub(crate) struct NoRuntime;

impl Handle {
    pub(crate) fn try_current() -> Result<Self, NoRuntime> {
        Ok(Self(current().era.load(Ordering::Acquire)))
    }

    pub(crate) fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let end = Arc::new(Mutex::new(End::Open(None)));
        let task = Task {
            work: Some(Box::pin(work)),
            era: self.0,
        };
        let ended = Arc::clone(&end);
        let run = move || {
            let output = catch_unwind(AssertUnwindSafe(|| checker::block_on(task)));
            let output = output.ok().flatten().ok_or(Lost);
            let before = mem::replace(&mut *lock(&ended), End::Ended(Some(output)));
            if let End::Open(Some(waker)) = before {
                waker.wake();
            }
        };
        if current().era.load(Ordering::Acquire) == self.0 {
            let task = checker::thread::spawn(run);
            let runtime = current();
            runtime
                .tasks
                .lock()
                .expect("nothing panics here")
                .push(task);
        } else {
            // The runtime is shut down already.
            run();
        }
        JoinHandle(end)
    }
}

/// Ends without output where its runtime was shut down.
struct Task<F> {
    work: Option<Pin<Box<F>>>,
    era: usize,
}

impl<F: Future> Task<F> {
    fn is_dropped(&mut self) -> bool {
        let over = current().era.load(Ordering::Acquire) != self.era;
        if over {
            self.work = None;
        }
        over
    }
}

impl<F: Future> Future for Task<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_dropped() {
            return Poll::Ready(None);
        }
        let work = self.work.as_mut().expect("polled until it is ready");
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            self.work = None;
            return Poll::Ready(Some(output));
        }
        lock(&current().asleep).push(cx.waker().clone());
        if self.is_dropped() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

enum End<T> {
    Open(Option<Waker>),
    Ended(Option<Result<T, Lost>>),
}

/// The task panicked, or was dropped with its runtime.
#[derive(Debug)]
pub(crate) struct Lost;

/// Waits for a task. Dropped, it leaves the task as it is.
pub(crate) struct JoinHandle<T>(Arc<Mutex<End<T>>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Lost>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *lock(&self.0) {
            End::Open(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            End::Ended(output) => Poll::Ready(output.take().expect("polled until it is ready")),
        }
    }
}
