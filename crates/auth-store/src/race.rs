//! Waiting for an answer, and no longer.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use auth_core::{Clock, SystemClock};

/// Returns the output of `work`, or nothing where `limit` is over before. `work` is dropped then.
///
/// The time is the machine's own: a backend waits for a real server, whatever clock the engine has.
///
/// # Cancellation
///
/// Dropping the future drops `work`.
///
/// # Example
///
/// ```
/// use std::{future::{pending, ready}, time::Duration};
/// use auth_store::within;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(within(Duration::from_secs(60), ready("answer")).await, Some("answer"));
/// assert_eq!(within(Duration::from_millis(1), pending::<()>()).await, None);
/// # }
/// ```
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let clock = SystemClock::new();
    let end = clock.monotonic().saturating_add(limit);
    until(clock.sleep_until(end), work).await
}

/// Returns the output of `work`, or nothing where `end` comes before. Where both are ready it is the output.
///
/// # Cancellation
///
/// Dropping the future drops both.
///
/// # Example
///
/// ```
/// use std::future::{pending, ready};
/// use auth_store::until;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(until(ready(()), ready("answer")).await, Some("answer"));
/// assert_eq!(until(ready(()), pending::<()>()).await, None);
/// # }
/// ```
pub async fn until<T>(end: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut end, mut work) = (pin!(end), pin!(work));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => end.as_mut().poll(cx).map(|()| None),
    })
    .await
}
