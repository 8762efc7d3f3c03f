//! Work that runs to its end, whoever stops waiting for it.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use auth_core::{Error, ErrorKind};
use tokio::runtime::Handle;

/// Returns the runtime of the caller.
pub(super) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| {
        Error::new(
            ErrorKind::Configuration,
            "a durable store works in a Tokio runtime only; call it from within one",
        )
    })
}

/// Runs `work` in a task of its own and waits for it.
pub(super) async fn spawned<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match runtime.spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(panicked()),
        Err(_) => Err(Error::new(
            ErrorKind::Unavailable,
            "the runtime that works on the store was shut down; nobody knows how far it came",
        )),
    }
}

/// Turns a panic of `work` into an error.
pub(super) async fn guarded<T>(work: impl Future<Output = T> + Send) -> Result<T, Error> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // After a panic nothing of what was worked on is used again, so no broken invariant can be seen.
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .map_or_else(|_| Poll::Ready(Err(panicked())), |poll| poll.map(Ok))
    })
    .await
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the store panicked, and what it was doing may be done or not; report it",
    )
}
