//! Who waits for which key within this process, in the order in which they came.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth_core::StoreKey;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// One queue for each key that somebody waits for or holds.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<StoreKey, Arc<Queue<()>>>>>);

/// A place in the queue of a key, and the key's turn once it has come.
pub(crate) struct Turn {
    turns: Turns,
    key: StoreKey,
    queue: Option<Arc<Queue<()>>>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(crate) async fn wait(&self, key: &StoreKey) -> Turn {
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
