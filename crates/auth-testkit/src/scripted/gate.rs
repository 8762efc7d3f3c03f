use std::{fmt, sync::Arc};

use tokio::sync::watch;

/// A gate that holds up whoever comes to it until a test opens it; clones are the same gate.
///
/// # Example
///
/// ```
/// use auth_testkit::Gate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let gate = Gate::new();
/// let behind = gate.clone();
/// let walker = tokio::spawn(async move { behind.pass().await });
/// gate.until_waiting(1).await;
/// assert!(!walker.is_finished());
/// gate.open();
/// walker.await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<Passage>>);

#[derive(Default)]
struct Passage {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// Returns a closed gate.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Passage::default())))
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.send_modify(|passage| passage.open = true);
    }

    /// Holds up whoever comes from now on.
    pub fn close(&self) {
        self.0.send_modify(|passage| passage.open = false);
    }

    /// Waits until the gate is open.
    ///
    /// # Cancellation
    ///
    /// Safe: whoever turns back is no longer counted as waiting.
    pub async fn pass(&self) {
        let _count = Count::new(self);
        self.until(|passage| passage.open).await;
    }

    /// Returns how many wait.
    pub fn waiting(&self) -> usize {
        self.0.borrow().waiting
    }

    /// Waits until at least `count` wait at the gate.
    ///
    /// # Cancellation
    ///
    /// Safe: watching changes nothing.
    pub async fn until_waiting(&self, count: usize) {
        self.until(|passage| passage.waiting >= count).await;
    }

    async fn until(&self, reached: impl FnMut(&Passage) -> bool + Send) {
        let mut changes = self.0.subscribe();
        // The sender lives in `self`, so this ends only by the passage reaching what is asked.
        drop(changes.wait_for(reached).await);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passage = self.0.borrow();
        f.debug_struct("Gate")
            .field("open", &passage.open)
            .field("waiting", &passage.waiting)
            .finish()
    }
}

struct Count<'a>(&'a Gate);

impl<'a> Count<'a> {
    fn new(gate: &'a Gate) -> Self {
        gate.0.send_modify(|passage| passage.waiting += 1);
        Self(gate)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|passage| passage.waiting -= 1);
    }
}
