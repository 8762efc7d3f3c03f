//! Futures that are dropped: after each of their polls, wait by wait, and at a thousand random instants over sockets.
//!
//! Wherever a caller leaves, three things must not happen: a refresh token that the server issued is lost, an exchange
//! is made a second time or a spent token sent again, and a key or a layer stays wedged. The ledger of a strict server
//! judges.

mod bare;
mod bodies;
mod engine;
mod flows;
mod layer;
mod scene;
mod sockets;
mod stepped;
mod stores;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use auth_core::Error;
use tokio::{runtime::Handle, task::yield_now};

/// More polls than anything here needs.
const MOST: usize = 1_000;

/// What a caller does, up to the point where it leaves.
type Work = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Polls `work` so many times, unless it ends before, and drops it. Between two polls every other task has one turn,
/// so that an exchange is one step further each time.
async fn drop_after<F: Future>(polls: usize, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    for poll in 0..polls {
        if poll > 0 {
            yield_now().await;
        }
        let polled = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
    }
    None
}

/// Lets `work` end. What does not end is wedged.
async fn ends<F: Future>(work: F, at: &str) -> F::Output {
    let ended = drop_after(MOST, work).await;
    ended.unwrap_or_else(|| panic!("{at}: wedged"))
}

/// Returns how many tasks are alive.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Returns the same, once the servers of an earlier scene are gone.
async fn idle() -> usize {
    for _ in 0..3 {
        yield_now().await;
    }
    tasks()
}

/// Waits until no more than `count` tasks are alive: until whatever outlives its caller is done.
async fn until_tasks(count: usize, at: &str) {
    for _ in 0..MOST {
        if tasks() <= count {
            return;
        }
        yield_now().await;
    }
    panic!("{at}: a task does not end");
}

#[tokio::test]
async fn a_future_is_dropped_after_the_poll_that_was_named() {
    async fn three_waits() -> usize {
        for _ in 0..3 {
            yield_now().await;
        }
        7
    }
    for polls in 0..4 {
        assert_eq!(drop_after(polls, three_waits()).await, None);
    }
    assert_eq!(drop_after(4, three_waits()).await, Some(7));

    let before = tasks();
    let task = tokio::spawn(three_waits());
    assert_eq!(tasks(), before + 1);
    until_tasks(before, "a task").await;
    assert!(task.is_finished());
}
