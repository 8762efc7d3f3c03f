//! How many exchanges one endpoint has to bear at a time.

use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::sync::{Mutex, MutexGuard, oneshot};

#[cfg(test)]
mod tests;

/// The code of the error where no place of an [`ExchangeLimit`] came free in time.
pub const LIMIT_TIMEOUT: &str = "exchange_limit_timeout";

/// A limit on the exchanges that are under way at one time, for all sources that share it: one for each token endpoint.
///
/// Clones share the places. A source has one exchange at a time and so takes one place at most: a slow or hanging
/// exchange keeps its own place and no other. Whoever finds all places taken stands in line, and holds no lease of a
/// store meanwhile.
///
/// The line is ordered by when a token is needed. A source that has none to give needs it now; one that renews its token
/// beside its use needs it when that token comes into its mandatory window. So callers who wait go before renewals
/// that can wait, among callers the first one to come is served first, and while it stands in line a renewal is overtaken
/// by nobody who comes after its token was due. Sources that share a limit should share a clock too.
///
/// A place is held until what the exchange brought is saved, and comes back whatever becomes of the exchange. Who stood
/// in line holds it while the store is looked into again, too. Who waits for longer than the policy's `exchange_timeout`
/// fails with the code [`LIMIT_TIMEOUT`], which counts as a failed attempt. Who left the line so stands at its need again
/// when the pause is over, at the latest when the token comes into its mandatory window. Tokens that another process
/// saved, logins that are put in place with [`Cached::login`](crate::Cached::login), and what
/// [`Cached::login_from`](crate::Cached::login_from) does to obtain one, take no place.
///
/// # Example
///
/// ```
/// use std::num::NonZeroUsize;
/// # use async_trait::async_trait;
/// # use auth_core::{Error, Exchange, Grant, Origins, Secret, Token, TokenSet, TokenSource};
/// use auth_core::{Cached, ExchangeLimit, Tenants};
/// # struct Login(String);
/// # #[async_trait]
/// # impl Grant for Login {
/// #     async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
/// #         Ok(TokenSet::new(Token::bearer(Secret::new(self.0.clone()))?))
/// #     }
/// # }
///
/// const TENANTS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// const AT_ONCE: NonZeroUsize = NonZeroUsize::new(20).unwrap();
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let limit = ExchangeLimit::new(AT_ONCE);
/// let shared = limit.clone();
/// let tenants = Tenants::new(TENANTS, move |key: &String| {
///     let origins = Origins::parse("https://api.example")?;
///     Ok(Cached::builder(Login(key.clone()), origins).limit(shared.clone()).build())
/// });
/// tenants.get(&"alice".to_owned())?.token().await?;
/// assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ExchangeLimit(Arc<Mutex<Line>>);

struct Line {
    most: usize,
    /// Above zero only while nobody waits.
    free: usize,
    waiting: BTreeMap<Rank, oneshot::Sender<Place>>,
    /// How many ever stood in line.
    joined: u64,
}

/// When a token is needed, by the monotonic clock, and among equals who came first.
type Rank = (Duration, u64);

impl ExchangeLimit {
    /// Returns a limit of `most` exchanges at a time.
    pub fn new(most: NonZeroUsize) -> Self {
        Self(Arc::new(Mutex::new(Line {
            most: most.get(),
            free: most.get(),
            waiting: BTreeMap::new(),
            joined: 0,
        })))
    }

    /// Returns how many places are taken.
    pub fn in_flight(&self) -> usize {
        let line = self.lock();
        line.most - line.free
    }

    /// Returns how many sources stand in line.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes a place if one is free. It overtakes nobody, for none is free while somebody waits.
    pub(crate) fn try_take(&self) -> Option<Place> {
        let mut line = self.lock();
        line.free = line.free.checked_sub(1)?;
        Some(Place(self.clone()))
    }

    /// Waits for a place for whom needs a token at `needed`. Dropping the future leaves the line.
    pub(crate) async fn take(&self, needed: Duration) -> Place {
        let (sender, receiver) = oneshot::channel();
        let rank = {
            let mut line = self.lock();
            if let Some(left) = line.free.checked_sub(1) {
                line.free = left;
                return Place(self.clone());
            }
            line.joined += 1;
            let rank = (needed, line.joined);
            line.waiting.insert(rank, sender);
            rank
        };
        let _waiting = Waiting { limit: self, rank };
        receiver
            .await
            .expect("the line keeps a sender until it gives a place or nobody waits for it")
    }

    /// Nothing that is done under this lock can panic half-way, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make one exchange. Dropping it gives it to the next in line.
pub(crate) struct Place(ExchangeLimit);

impl Drop for Place {
    fn drop(&mut self) {
        let next = {
            let mut line = self.0.lock();
            let Some((_, next)) = line.waiting.pop_first() else {
                line.free += 1;
                return;
            };
            next
        };
        // Where that one left in this very moment, the place comes back, is dropped here and goes on to the next.
        drop(next.send(Self(self.0.clone())));
    }
}

/// Leaves the line.
struct Waiting<'a> {
    limit: &'a ExchangeLimit,
    rank: Rank,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let gone = self.limit.lock().waiting.remove(&self.rank);
        drop(gone);
    }
}

impl fmt::Debug for ExchangeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.lock();
        f.debug_struct("ExchangeLimit")
            .field("most", &line.most)
            .field("in_flight", &(line.most - line.free))
            .field("waiting", &line.waiting.len())
            .finish()
    }
}
