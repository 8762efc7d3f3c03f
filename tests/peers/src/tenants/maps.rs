//! Maps, as people choose them for tokens.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use http::HeaderValue;
use moka::sync::Cache;

use super::{
    key::Key,
    table::{Table, header},
};

/// Makes a full table.
pub type Fill<K> = fn(usize) -> Arc<dyn Table<K>>;

/// Returns all maps by name. The second one is what the others are compared with.
pub fn all<K: Key>() -> [(&'static str, Fill<K>); 7] {
    [
        ("`HashMap`, never changed", |n| Arc::new(Own(filled(n)))),
        (BASE, |n| Arc::new(Sharded::<K, _>::fill(n, header))),
        ("sharded `RwLock<HashMap<_, Arc<Entry>>>`", |n| {
            Arc::new(Sharded::<K, _>::fill(n, |n| Arc::new(Entry::new(n))))
        }),
        ("DashMap", |n| Arc::new(Dash(filled(n)))),
        ("papaya", |n| Arc::new(Papaya(filled(n)))),
        ("moka", |n| {
            let cache = Cache::new(n as u64 * 2);
            for (key, value) in entries::<K>(n) {
                cache.insert(key, value);
            }
            cache.run_pending_tasks();
            Arc::new(Moka(cache))
        }),
        ("`ArcSwap<HashMap>`", |n| {
            Arc::new(Swapped(ArcSwap::from_pointee(filled(n))))
        }),
    ]
}

/// Fills a table, and looks each tenant up once, as was done with ours: what the first clone of a header makes is there,
/// and not in the order in which whoever measures comes by.
pub fn looked<K: Key>(fill: Fill<K>, size: usize) -> Arc<dyn Table<K>> {
    let table = fill(size);
    table.drive(&(0..size).map(K::nth).collect::<Vec<_>>());
    table
}

/// What the others are compared with.
pub const BASE: &str = "sharded `RwLock<HashMap>`";

/// Returns as many shards as `Tenants` has for so many: one for each 16, rounded up to a power of two, 256 at most.
fn shards(n: usize) -> usize {
    (n / 16).next_power_of_two().min(256)
}

fn entries<K: Key>(n: usize) -> impl Iterator<Item = (K, HeaderValue)> {
    (0..n).map(|n| (K::nth(n), header(n)))
}

fn filled<K: Key, M: FromIterator<(K, HeaderValue)>>(n: usize) -> M {
    entries(n).collect()
}

struct Own<K>(HashMap<K, HeaderValue>);

impl<K: Key> Table<K> for Own<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.0.get(key).cloned()
    }
}

struct Sharded<K, V> {
    shards: Box<[RwLock<HashMap<K, V>>]>,
    hasher: RandomState,
}

impl<K: Key, V> Sharded<K, V> {
    fn fill(n: usize, value: impl Fn(usize) -> V) -> Self {
        let table = Self {
            shards: (0..shards(n)).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
        };
        for n in 0..n {
            let key = K::nth(n);
            let mut shard = table
                .home(&key)
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            shard.insert(key, value(n));
        }
        table
    }

    fn home(&self, key: &K) -> &RwLock<HashMap<K, V>> {
        &self.shards[self.hasher.hash_one(key) as usize & (self.shards.len() - 1)]
    }

    fn get<T>(&self, key: &K, take: impl Fn(&V) -> T) -> Option<T> {
        let shard = self
            .home(key)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard.get(key).map(take)
    }
}

impl<K: Key> Table<K> for Sharded<K, HeaderValue> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.get(key, HeaderValue::clone)
    }
}

/// What a table needs that also evicts: when the token ends, and when it was used last.
struct Entry {
    value: HeaderValue,
    ends: Instant,
    used: AtomicU64,
}

impl Entry {
    fn new(n: usize) -> Self {
        Self {
            value: header(n),
            ends: Instant::now() + Duration::from_secs(86_400),
            used: AtomicU64::new(0),
        }
    }
}

impl<K: Key> Table<K> for Sharded<K, Arc<Entry>> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        let entry = self.get(key, Arc::clone)?;
        entry.used.store(1, Ordering::Relaxed);
        (Instant::now() < entry.ends).then(|| entry.value.clone())
    }
}

struct Dash<K: Key>(DashMap<K, HeaderValue>);

impl<K: Key> Table<K> for Dash<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.0.get(key).map(|value| value.clone())
    }
}

struct Papaya<K>(papaya::HashMap<K, HeaderValue>);

impl<K: Key> Table<K> for Papaya<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.0.pin().get(key).cloned()
    }
}

struct Moka<K>(Cache<K, HeaderValue>);

impl<K: Key> Table<K> for Moka<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.0.get(key)
    }
}

struct Swapped<K>(ArcSwap<HashMap<K, HeaderValue>>);

impl<K: Key> Table<K> for Swapped<K> {
    fn look(&self, key: &K) -> Option<HeaderValue> {
        self.0.load().get(key).cloned()
    }
}
