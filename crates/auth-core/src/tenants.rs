//! One source for each tenant.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroUsize,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{Cached, Error, ErrorKind};

/// One [`Cached`] for each key, made on demand, bounded in number.
///
/// A tenant that is slow, failing or being made never delays another: nothing is waited for under the lock of the
/// table. When the table is full, a tenant that was idle for long makes room, but never one whose refresh token is not
/// saved or whose exchange is under way. A tenant that comes back is made anew, so keep its login in a store.
///
/// # Example
///
/// ```
/// use std::num::NonZeroUsize;
/// # use async_trait::async_trait;
/// # use auth_core::{Error, Exchange, Grant, Origins, Secret, Token, TokenSet, TokenSource};
/// use auth_core::{Cached, Tenants};
/// # struct Login(String);
/// # #[async_trait]
/// # impl Grant for Login {
/// #     async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
/// #         Ok(TokenSet::new(Token::bearer(Secret::new(self.0.clone()))?))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// let tenants = Tenants::new(MOST, |key: &String| {
///     Ok(Cached::builder(Login(key.clone()), Origins::parse("https://api.example")?).build())
/// });
/// assert_eq!(tenants.get(&"alice".to_owned())?.token().await?.access().expose(), "alice");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tenants<K>(Arc<Table<K>>);

type Make<K> = dyn Fn(&K) -> Result<Cached, Error> + Send + Sync;

struct Table<K> {
    shards: Box<[Shard<K>]>,
    hasher: RandomState,
    make: Box<Make<K>>,
    most: usize,
    /// How many places are taken, over all shards.
    taken: AtomicUsize,
    /// Counts look-ups; an entry's mark says which one was its last.
    tick: AtomicU64,
    /// The count at the last [`Tenants::put_idle_aside`].
    swept: AtomicU64,
}

type Shard<K> = RwLock<HashMap<K, Entry>>;

struct Entry {
    source: Cached,
    used: AtomicU64,
}

/// Enough that two cores rarely want the same one; few enough that each holds some tenants to choose from.
const SHARDS: usize = 16;

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Tenants<K> {
    /// Returns an empty table of at most `most` tenants. `make` builds the source of a tenant; it should only build, for
    /// it is called while the caller waits.
    pub fn new(
        most: NonZeroUsize,
        make: impl Fn(&K) -> Result<Cached, Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Table {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            make: Box::new(make),
            most: most.get(),
            taken: AtomicUsize::new(0),
            tick: AtomicU64::new(0),
            swept: AtomicU64::new(0),
        }))
    }

    /// Returns the source of a tenant, making it if there is none.
    ///
    /// # Errors
    ///
    /// Whatever `make` answers, and [`ErrorKind::Unavailable`] when the table is full of tenants that cannot be put
    /// aside.
    pub fn get(&self, key: &K) -> Result<Cached, Error> {
        let table = &*self.0;
        let tick = table.tick.fetch_add(1, Ordering::Relaxed) + 1;
        let home = table.home(key);
        if let Some(entry) = read(&table.shards[home]).get(key) {
            entry.used.store(tick, Ordering::Relaxed);
            return Ok(entry.source.clone());
        }
        // Made outside the lock. Of two that are made at once the first one stays; the other was never used.
        let made = (table.make)(key)?;
        table.take_place(home)?;
        let mut entries = write(&table.shards[home]);
        if let Some(entry) = entries.get(key) {
            table.taken.fetch_sub(1, Ordering::Relaxed);
            return Ok(entry.source.clone());
        }
        let entry = Entry {
            source: made.clone(),
            used: AtomicU64::new(tick),
        };
        entries.insert(key.clone(), entry);
        Ok(made)
    }

    /// Puts a tenant aside, with the token held in memory. Handles that are in use go on.
    pub fn remove(&self, key: &K) -> Option<Cached> {
        let table = &*self.0;
        let removed = write(&table.shards[table.home(key)]).remove(key)?;
        table.taken.fetch_sub(1, Ordering::Relaxed);
        Some(removed.source)
    }

    /// Puts every tenant aside that was not asked for since the last call, and returns how many there were. Call it from
    /// time to time, so that the secrets of tenants who left do not stay in memory.
    ///
    /// A tenant whose login is not saved or whose exchange is under way stays.
    pub fn put_idle_aside(&self) -> usize {
        let table = &*self.0;
        let now = table.tick.load(Ordering::Relaxed);
        let since = table.swept.swap(now, Ordering::Relaxed);
        let idle = |entry: &Entry| entry.used.load(Ordering::Relaxed) <= since;
        let mut count = 0;
        for shard in &table.shards {
            let mut entries = write(shard);
            let keys: Vec<K> = entries
                .iter()
                .filter(|(_, entry)| idle(entry) && entry.source.can_be_put_aside())
                .map(|(key, _)| key.clone())
                .collect();
            let aside: Vec<_> = keys.iter().filter_map(|key| entries.remove(key)).collect();
            // After the lock: what goes with a source is the user's code.
            drop(entries);
            count += aside.len();
        }
        table.taken.fetch_sub(count, Ordering::Relaxed);
        count
    }

    /// Returns how many tenants there are.
    pub fn len(&self) -> usize {
        self.0.shards.iter().map(|shard| read(shard).len()).sum()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq + Clone> Table<K> {
    fn home(&self, key: &K) -> usize {
        // Below `SHARDS`, which is how many there are.
        (self.hasher.hash_one(key) % SHARDS as u64) as usize
    }

    /// Takes a place for a tenant, making room where there is none, in its own shard first.
    fn take_place(&self, home: usize) -> Result<(), Error> {
        let take = |taken: usize| (taken < self.most).then_some(taken + 1);
        while self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_err()
        {
            let mut shards = (0..SHARDS).map(|step| &self.shards[(home + step) % SHARDS]);
            if !shards.any(|shard| self.make_room(shard)) {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    "the table of tenants is full, and every tenant in it is at work or has a login that is not saved",
                ));
            }
        }
        Ok(())
    }

    /// Drops the entry of a shard that was idle for longest among those that can be had again. Costs a walk over the
    /// shard, which a table that is large enough never pays.
    fn make_room(&self, shard: &Shard<K>) -> bool {
        let mut entries = write(shard);
        let oldest = entries
            .iter()
            .filter(|(_, entry)| entry.source.can_be_put_aside())
            .min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed))
            .map(|(key, _)| key.clone());
        let removed = oldest.and_then(|key| entries.remove(&key));
        // After the lock: what goes with a source is the user's code.
        drop(entries);
        if removed.is_some() {
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
        removed.is_some()
    }
}

fn read<K>(shard: &Shard<K>) -> RwLockReadGuard<'_, HashMap<K, Entry>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<K>(shard: &Shard<K>) -> RwLockWriteGuard<'_, HashMap<K, Entry>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

impl<K> fmt::Debug for Tenants<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("most", &self.0.most)
            .finish_non_exhaustive()
    }
}
