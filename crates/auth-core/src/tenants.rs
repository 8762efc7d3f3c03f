//! One source for each tenant.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroUsize,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{Cached, Error, ErrorKind};

/// One [`Cached`] for each key, made on demand, bounded in number.
///
/// A tenant that is slow, failing or being made never delays another: nothing is waited for under the lock of the
/// table. When the table is full, the tenant that was idle for longest makes room, but never one whose refresh token
/// is not saved or whose exchange is under way. A tenant that comes back is made anew, so keep its login in a store.
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
    shards: Box<[RwLock<HashMap<K, Entry>>]>,
    hasher: RandomState,
    make: Box<Make<K>>,
    /// How many tenants each shard may hold.
    most: usize,
    /// Counts look-ups; an entry's mark says which one was its last.
    tick: AtomicU64,
}

struct Entry {
    source: Cached,
    used: AtomicU64,
}

/// Enough that two cores rarely want the same one; few enough that each holds some tenants to choose from.
const SHARDS: usize = 16;

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Tenants<K> {
    /// Returns an empty table of at most `most` tenants, rounded up to a multiple of 16. `make` builds the source of a
    /// tenant; it should only build, for it is called while the caller waits.
    pub fn new(
        most: NonZeroUsize,
        make: impl Fn(&K) -> Result<Cached, Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Table {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            make: Box::new(make),
            most: most.get().div_ceil(SHARDS),
            tick: AtomicU64::new(0),
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
        let tick = table.tick.fetch_add(1, Ordering::Relaxed);
        let shard = table.shard(key);
        {
            let entries = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = entries.get(key) {
                entry.used.store(tick, Ordering::Relaxed);
                return Ok(entry.source.clone());
            }
        }
        // Made outside the lock. Of two that are made at once the first one stays; the other was never used.
        let made = (table.make)(key)?;
        let mut entries = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(key) {
            return Ok(entry.source.clone());
        }
        if entries.len() >= table.most && !make_room(&mut entries) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the table of tenants is full, and every tenant in it is at work or has a login that is not saved",
            ));
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
        let shard = self.0.shard(key);
        let mut entries = shard.write().unwrap_or_else(PoisonError::into_inner);
        entries.remove(key).map(|entry| entry.source)
    }

    /// Returns how many tenants there are.
    pub fn len(&self) -> usize {
        let count = |shard: &RwLock<HashMap<K, Entry>>| {
            shard.read().unwrap_or_else(PoisonError::into_inner).len()
        };
        self.0.shards.iter().map(count).sum()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash> Table<K> {
    fn shard(&self, key: &K) -> &RwLock<HashMap<K, Entry>> {
        let hash = self.hasher.hash_one(key);
        // The remainder is below `SHARDS`, which is how many there are.
        &self.shards[(hash % SHARDS as u64) as usize]
    }
}

/// Drops the entry that was idle for longest among those that can be had again. Costs a walk over the shard, which a
/// table that is large enough never pays.
fn make_room<K: Hash + Eq + Clone>(entries: &mut HashMap<K, Entry>) -> bool {
    let oldest = entries
        .iter()
        .filter(|(_, entry)| entry.source.can_be_put_aside())
        .min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed))
        .map(|(key, _)| key.clone());
    oldest.is_some_and(|key| entries.remove(&key).is_some())
}

impl<K> fmt::Debug for Tenants<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("most", &self.0.most.saturating_mul(SHARDS))
            .finish_non_exhaustive()
    }
}
