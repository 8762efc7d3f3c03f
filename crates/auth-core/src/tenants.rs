//! One source for each tenant.

mod shard;
#[cfg(test)]
mod tests;

use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroUsize,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use crate::{Cached, Error, ErrorKind};

use self::shard::{RECENT, Shard};

/// One [`Cached`] for each key, made on demand, bounded in number.
///
/// A tenant that is slow, failing or being made never delays another: nothing is waited for under the lock of the
/// table. When the table is full, a tenant that nobody asked for of late makes room. Only those that can be had again
/// do: never one whose refresh token is not saved or whose exchange is under way, and never one of which somebody
/// holds a handle, so there are no two sources of one tenant that know nothing of each other. A tenant that comes back
/// is made anew, so keep its login in a store.
///
/// To be found again costs a tenant a hash, a lock that is shared with readers, and a clone of the handle. An idle
/// tenant has no task and no timer. Where all tenants have their tokens from one endpoint, give their sources one
/// [`ExchangeLimit`](crate::ExchangeLimit).
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
/// assert_eq!(tenants.get("alice")?.token().await?.access().expose(), "alice");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tenants<K>(Arc<Table<K>>);

type Make<K> = dyn Fn(&K) -> Result<Cached, Error> + Send + Sync;

type Home<K> = Apart<RwLock<Shard<K, Cached>>>;

struct Table<K> {
    shards: Box<[Home<K>]>,
    hasher: RandomState,
    make: Box<Make<K>>,
    most: usize,
    /// What a tenant is marked with when it is asked for: the count of sweeps above the bit that the hand clears.
    mark: AtomicU32,
    /// How many places are taken, over all shards.
    taken: Apart<AtomicUsize>,
}

/// Keeps what many cores write to off the lines of memory of its neighbours; processors fetch them in pairs.
#[repr(align(128))]
struct Apart<T>(T);

/// More than that does not make two cores meet less often.
const MOST_SHARDS: usize = 256;

/// How many tenants a shard has at least when the table is full, so that the hand has some to choose from.
const LEAST: usize = 16;

/// How many tenants are looked at to make room for one. A table that is full of logins that are saved nowhere must not
/// cost whoever comes a walk over all of it; the next one goes on where this one stopped.
const LOOKS: usize = 1_024;

impl<K: Hash + Eq + Send + Sync + 'static> Tenants<K> {
    /// Returns an empty table of at most `most` tenants. `make` builds the source of a tenant; it should only build, for
    /// it is called while the caller waits, and keep no handle of it, which would keep the tenant in the table.
    ///
    /// Let `most` be above the number of tenants that have a request under way at one time, and where logins are kept in
    /// no store, above the number of tenants.
    pub fn new(
        most: NonZeroUsize,
        make: impl Fn(&K) -> Result<Cached, Error> + Send + Sync + 'static,
    ) -> Self {
        // A shard finds a place by the product of its places and a tag, which has to fit in 64 bits.
        let most = most.get().min(u32::MAX as usize / 2);
        let shards = (most / LEAST).next_power_of_two().min(MOST_SHARDS);
        Self(Arc::new(Table {
            shards: (0..shards)
                .map(|_| Apart(RwLock::new(Shard::new())))
                .collect(),
            hasher: RandomState::new(),
            make: Box::new(make),
            most,
            mark: AtomicU32::new(RECENT),
            taken: Apart(AtomicUsize::new(0)),
        }))
    }

    /// Returns the source of a tenant, making it if there is none.
    ///
    /// # Errors
    ///
    /// Whatever `make` answers, and [`ErrorKind::Unavailable`] when the table is full of tenants that cannot be put
    /// aside.
    pub fn get<Q>(&self, key: &Q) -> Result<Cached, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let table = &*self.0;
        let hash = table.hasher.hash_one(key);
        let mark = table.mark.load(Ordering::Relaxed);
        if let Some(source) = table.read(table.home(hash)).find(tag(hash), key, mark) {
            return Ok(source.clone());
        }
        table.admit(hash, key.to_owned())
    }

    /// Puts a tenant aside, with the token held in memory, be its login saved or not. Handles that are in use go on.
    pub fn remove<Q>(&self, key: &Q) -> Option<Cached>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let table = &*self.0;
        let hash = table.hasher.hash_one(key);
        let removed = table.write(table.home(hash)).remove(tag(hash), key);
        let (_, source) = removed?;
        table.taken.0.fetch_sub(1, Ordering::Relaxed);
        Some(source)
    }

    /// Puts every tenant aside that was not asked for since the last call, and returns how many there were. Call it from
    /// time to time, so that the secrets of tenants who left do not stay in memory.
    ///
    /// A tenant stays whose login is not saved, whose exchange is under way, or of which somebody holds a handle.
    pub fn put_idle_aside(&self) -> usize {
        let table = &*self.0;
        table.sweep(table.mark.fetch_add(RECENT << 1, Ordering::Relaxed))
    }

    /// Returns how many tenants there are; while others change the table, about how many.
    pub fn len(&self) -> usize {
        self.0.taken.0.load(Ordering::Relaxed)
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq> Table<K> {
    /// Makes a tenant and finds it a place, in its own shard first.
    fn admit(&self, hash: u64, key: K) -> Result<Cached, Error> {
        // Made outside the lock. Of two that are made at once the first one stays; the other was never used.
        let made = (self.make)(&key)?;
        let (home, tag) = (self.home(hash), tag(hash));
        let (mark, mut looks) = (self.mark.load(Ordering::Relaxed), LOOKS);
        {
            let mut shard = self.write(home);
            if let Some(source) = shard.find(tag, &key, mark) {
                return Ok(source.clone());
            }
            if let Some(place) = self.take_place() {
                shard.insert(tag, key, made.clone(), mark);
                place.keep();
                return Ok(made);
            }
            if let Some(at) = shard.turn(&mut looks, Cached::can_be_put_aside) {
                let aside = shard.take(at);
                shard.insert(tag, key, made.clone(), mark);
                // The lock goes first: what goes with a source is the user's code.
                drop(shard);
                drop(aside);
                return Ok(made);
            }
        }
        let place = self.make_room(home, looks)?;
        let mut shard = self.write(home);
        if let Some(source) = shard.find(tag, &key, mark) {
            return Ok(source.clone());
        }
        shard.insert(tag, key, made.clone(), mark);
        place.keep();
        Ok(made)
    }

    fn take_place(&self) -> Option<Place<'_>> {
        let take = |taken: usize| (taken < self.most).then_some(taken + 1);
        let taken = &self.taken.0;
        let took = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        took.ok().map(|_| Place(Some(taken)))
    }

    /// Takes a place that came free, or that of a tenant in another shard than `home`.
    fn make_room(&self, home: usize, mut looks: usize) -> Result<Place<'_>, Error> {
        for step in 1..self.shards.len() {
            if looks == 0 {
                break;
            }
            let mut shard = self.write((home + step) % self.shards.len());
            let at = shard.turn(&mut looks, Cached::can_be_put_aside);
            // Its place is ours before it is dropped, which is the user's code and may panic.
            let aside = at.map(|at| (Place(Some(&self.taken.0)), shard.take(at)));
            drop(shard);
            if let Some((place, aside)) = aside {
                drop(aside);
                return Ok(place);
            }
        }
        self.take_place().ok_or_else(full)
    }

    /// Puts every tenant aside that was last asked for before the sweep of `since` began.
    fn sweep(&self, since: u32) -> usize {
        let mut count = 0;
        for home in 0..self.shards.len() {
            let aside = self.write(home).sweep(|mark, source| {
                // By age, for another sweep may have begun meanwhile, and the count begins anew one day.
                let older = since.wrapping_sub(mark | RECENT) as i32 > 0;
                older && source.can_be_put_aside()
            });
            count += aside.len();
            self.taken.0.fetch_sub(aside.len(), Ordering::Relaxed);
        }
        count
    }

    fn home(&self, hash: u64) -> usize {
        // There are a power of two, and the tag is made of the other bits.
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    fn read(&self, home: usize) -> RwLockReadGuard<'_, Shard<K, Cached>> {
        let shard = self.shards[home].0.read();
        shard.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, home: usize) -> RwLockWriteGuard<'_, Shard<K, Cached>> {
        let shard = self.shards[home].0.write();
        shard.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the table, given back unless somebody comes to stand in it.
struct Place<'a>(Option<&'a AtomicUsize>);

impl Place<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.0 {
            taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn full() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the table of tenants is full, and each of those in it is in use, is at work, or has a login that is not \
         saved; allow more tenants, or keep logins in a store",
    )
}

fn tag(hash: u64) -> u32 {
    hash as u32
}

impl<K> fmt::Debug for Tenants<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("most", &self.0.most)
            .finish_non_exhaustive()
    }
}
