//! Who waits for which key within this process, in the order in which they came.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::StoreKey;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// One queue for each key that somebody waits for or holds, so that of one process one alone asks the place for a lock.
/// Clones share the queues.
///
/// # Example
///
/// ```
/// use auth_core::StoreKey;
/// use auth_store::Turns;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (turns, key) = (Turns::default(), StoreKey::new(["example", "alice"]));
/// let first = turns.wait(&key).await;
/// drop(first);
/// let _second = turns.wait(&key).await;
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<StoreKey, Arc<Queue<()>>>>>);

/// A place in the queue of a key, and the key's turn once it has come. Dropping it lets the next one in.
pub struct Turn {
    turns: Turns,
    key: StoreKey,
    queue: Option<Arc<Queue<()>>>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn of whoever calls.
    ///
    /// # Cancellation
    ///
    /// Whoever stops waiting leaves the queue.
    pub async fn wait(&self, key: &StoreKey) -> Turn {
        let queue = Arc::clone(self.queues().entry(key.clone()).or_default());
        let mut turn = Turn {
            turns: self.clone(),
            key: key.clone(),
            queue: Some(Arc::clone(&queue)),
            turn: None,
        };
        turn.turn = Some(queue.lock_owned().await);
        turn
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<StoreKey, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.queues().len()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turn = None;
        let mut queues = self.turns.queues();
        // Given up while the map is locked, so that the last one of all who leave sees that it is.
        self.queue = None;
        if queues.get(&self.key).map(Arc::strong_count) == Some(1) {
            queues.remove(&self.key);
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
