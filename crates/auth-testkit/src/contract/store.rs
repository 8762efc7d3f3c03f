mod changes;
mod contents;
mod dropped;
mod intents;
mod leases;
mod limits;
mod model;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_core::{Lease, StoreKey, TokenStore};

use super::clause::{Clause, PATIENCE};

/// A store to hold to the contract of [`TokenStore`] and [`Lease`].
///
/// The suite uses keys of its own, new ones in each run, so that it can be run on a store that is in use.
pub struct StoreFixture {
    store: Arc<dyn TokenStore>,
    other: Arc<dyn TokenStore>,
    run: String,
    keys: AtomicUsize,
    patience: Duration,
    tasks: usize,
    largest: usize,
    cap: Option<usize>,
}

impl StoreFixture {
    /// Returns the fixture of a store and of a second handle on the same contents.
    ///
    /// The second handle stands for another process: open the file or the database a second time for it. A store that
    /// cannot be opened twice, such as one in memory, gives a clone.
    pub fn new(store: impl TokenStore + 'static, other: impl TokenStore + 'static) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let moment = since.unwrap_or_default().as_nanos();
        Self {
            store: Arc::new(store),
            other: Arc::new(other),
            run: format!("{}-{moment}", std::process::id()),
            keys: AtomicUsize::new(0),
            patience: PATIENCE,
            tasks: 32,
            largest: 128 * 1024,
            cap: None,
        }
    }

    /// Says how long a call may take, in real time, before it counts as hanging: 10 s unless told otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Says how many tasks change one record at the same time: 32 unless told otherwise.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// Says how many bytes the largest token has that the store must take: 128 KiB unless told otherwise.
    #[must_use]
    pub fn largest(mut self, largest: usize) -> Self {
        self.largest = largest;
        self
    }

    /// Says from how many bytes on the store must refuse a token. Without it nothing is too large.
    #[must_use]
    pub fn cap(mut self, cap: usize) -> Self {
        self.cap = Some(cap);
        self
    }

    fn clause(&self, name: &'static str) -> Clause {
        Clause::new("token_store", name, self.patience)
    }

    /// Returns a key that nobody used before.
    fn key(&self, name: &str) -> StoreKey {
        let number = self.keys.fetch_add(1, Ordering::Relaxed).to_string();
        StoreKey::new(["contract", &self.run, &number, name])
    }

    async fn lease(&self, clause: Clause, key: &StoreKey) -> Box<dyn Lease> {
        let lease = clause.soon(self.store.lease(key), "taking a lease").await;
        clause.succeeds(lease, "taking a lease")
    }
}

impl fmt::Debug for StoreFixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFixture")
            .field("patience", &self.patience)
            .field("tasks", &self.tasks)
            .field("largest", &self.largest)
            .field("cap", &self.cap)
            .finish_non_exhaustive()
    }
}

/// Holds a store and its leases to the contract of [`TokenStore`] and [`Lease`].
///
/// | clause | what it asks for |
/// | --- | --- |
/// | `empty` | a key never saved has no record and is not listed |
/// | `round_trip` | what was saved is what every load returns: both tokens, headers, times, scope, extras |
/// | `keys_apart` | keys that look alike have records of their own |
/// | `list` | exactly the keys that have a record, each once |
/// | `large`, `too_large` | a token of 128 KiB is kept; one over the cap is refused, and nothing changes |
/// | `first_save` | saving for the first time fails where there is a record, saving over fails where there is none |
/// | `save_compares`, `remove_compares` | a version that is not the one stored is refused as a conflict, and nothing changes |
/// | `version_moves` | each save has a new version, and none ever comes back, not even after a removal |
/// | `exclusive` | a second lease waits, also through the second handle, and reading does not |
/// | `keys_do_not_wait` | leases on different keys do not wait for each other |
/// | `release`, `drop_releases` | either way the next one in line gets the lease |
/// | `dropped_waiter` | nobody waits for someone who stopped waiting |
/// | `dropped_call` | a call that is dropped half-way leaves the store usable and a whole record |
/// | `fence` | each lease has a higher number than all before |
/// | `renew` | a lease in force can be extended |
/// | `announced` | a save has the version that was announced |
/// | `intent`, `intent_compares` | an exchange that was begun is noted on the version stored, moves it not, and goes with the next save |
/// | `dropped_anywhere` | every call, dropped at every wait, leaves the record before or after it, and nothing in the way |
/// | `model` | a long history, right and wrong changes through both handles, is what a plain model says |
/// | `fails_at_each_call` | a failure at the k-th call, for every k, loses nothing that was acknowledged |
/// | `concurrent` | many tasks lose no update, and never two are at it |
///
/// # Panics
///
/// Where a clause is broken.
///
/// # Cancellation
///
/// Leaves records of this run behind.
pub async fn token_store(fixture: &StoreFixture) {
    contents::run(fixture).await;
    changes::run(fixture).await;
    limits::run(fixture).await;
    leases::run(fixture).await;
    intents::run(fixture).await;
    dropped::run(fixture).await;
    model::run(fixture).await;
}
