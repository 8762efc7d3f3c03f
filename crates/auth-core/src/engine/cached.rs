//! The handle.

mod ask;
mod builder;
mod login;
mod status;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;

use crate::{
    Error, ErrorKind, Grant, Held, Origins, Peek, Status, Token, TokenSet, TokenSource,
    sync::{RwLockWriteGuard, atomic::Ordering, once},
};

use super::{
    decide::{Verdict, decide},
    flight::{Flight, Purpose},
    shared::Shared,
    state::{Outcome, State},
};

pub use self::builder::CachedBuilder;

#[cfg(test)]
mod tests;

/// A [`TokenSource`] that obtains tokens from a [`Grant`], keeps them, and renews them before they end.
///
/// Clones are handles to one source. Building one starts nothing; the first caller starts the first exchange, in a task
/// that belongs to no caller. An idle source owns no task, and when the last handle is dropped everything ends but an
/// exchange that is under way and its saving.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use auth_core::{Cached, Error, Exchange, Grant, Origins, Secret, Token, TokenSet, TokenSource};
///
/// struct Login;
///
/// #[async_trait]
/// impl Grant for Login {
///     async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
///         Ok(TokenSet::new(Token::bearer(Secret::new("made-up"))?))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let source = Cached::builder(Login, Origins::parse("https://api.example")?).build();
/// assert_eq!(source.token().await?.access().expose(), "made-up");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cached(Arc<Shared>);

impl Cached {
    /// Returns a builder of a source whose tokens come from `grant` and may go to `origins`.
    pub fn builder(grant: impl Grant + 'static, origins: Origins) -> CachedBuilder {
        CachedBuilder::new(Arc::new(grant), origins)
    }

    /// Obtains a token unless one is held, so that the first request need not wait.
    ///
    /// # Errors
    ///
    /// As [`TokenSource::token`].
    ///
    /// # Cancellation
    ///
    /// As [`TokenSource::token`].
    pub async fn warm_up(&self) -> Result<(), Error> {
        self.token().await.map(drop)
    }

    /// Obtains a new token now, although the one held may be good, and ends every pause. The old token is used
    /// meanwhile. An exchange that is already under way counts, and so does a token that another process obtained.
    ///
    /// # Errors
    ///
    /// Whatever kept the token from being obtained, even where the old one is still good, and
    /// [`ErrorKind::Unavailable`] when renewals were forced too often.
    ///
    /// # Cancellation
    ///
    /// As [`TokenSource::token`].
    pub async fn renew_now(&self) -> Result<Token, Error> {
        let waiting = {
            let shared = &*self.0;
            let now = shared.clock.monotonic();
            let mut state = shared.lock();
            match state.flight.clone() {
                Some(flight) => flight,
                None if state.may_force(&shared.policy, now) => {
                    let flight = Flight::prepare(shared, &mut state, Purpose::Renew(true))?;
                    launch(state, flight)
                }
                None => return Err(forced_too_often(shared)),
            }
        };
        match outcome(waiting).await? {
            Some(token) => Ok(token),
            None => self.token().await,
        }
    }

    /// Puts a login in place that was obtained elsewhere: by a new authorization, a migration, or from an archive. It
    /// replaces what is held and what is stored, and is saved before it is used.
    ///
    /// # Errors
    ///
    /// What the store said, where it did not take the login. The login is then held in memory and saving is tried
    /// again.
    ///
    /// # Cancellation
    ///
    /// Dropping the future before its first poll does nothing; later, the login is put in place all the same, unless
    /// it still waited for an exchange that was under way.
    pub async fn login(&self, set: TokenSet) -> Result<(), Error> {
        loop {
            let turn = {
                let shared = &*self.0;
                let mut state = shared.lock();
                match state.flight.clone() {
                    Some(busy) => Err(busy),
                    None => {
                        let purpose = Purpose::Login(set.clone());
                        let flight = Flight::prepare(shared, &mut state, purpose)?;
                        Ok(launch(state, flight))
                    }
                }
            };
            match turn {
                Ok(ours) => return outcome(ours).await.map(drop),
                // Whatever becomes of that one, ours comes next.
                Err(busy) => drop(outcome(busy).await),
            }
        }
    }

    /// Waits until no exchange is under way, for a program that is about to end.
    ///
    /// A renewal in the background belongs to no caller. A runtime that ends in the middle of one loses what it brings, and
    /// leaves a note in the store for which other processes wait. So stop what asks for tokens, await this, and end. What
    /// could not be saved is not waited for: [`status`](Self::status) tells.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time.
    pub async fn idle(&self) {
        loop {
            let flight = self.0.read().flight.clone();
            let Some(flight) = flight else { return };
            // What becomes of it is told to those who asked for it.
            drop(outcome(flight).await);
        }
    }

    /// Returns what can be had right now, and why not more.
    pub fn status(&self) -> Status {
        status::of(&self.0)
    }

    /// Returns whether nothing is lost when the source is dropped: this is the only handle, so that nobody can start an
    /// exchange meanwhile, none is under way, and a refresh token that came from one is in a store.
    pub(crate) fn can_be_put_aside(&mut self) -> bool {
        if Arc::strong_count(&self.0) > 1 {
            return false;
        }
        let state = self.0.read();
        let saved = state.stored().is_some() || !state.has_login();
        state.flight.is_none() && state.unsaved().is_none() && saved
    }
}

#[deny(clippy::missing_trait_methods)]
impl TokenSource for Cached {
    // The future as it is: an `async fn` would put it in a box of its own, for each who waits.
    fn token<'life0, 'async_trait>(
        &'life0 self,
    ) -> Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        (*self.0).token()
    }

    fn peek(&self, held: &mut Held) -> Peek {
        self.0.peek(held)
    }

    fn renew(&self) {
        self.0.renew();
    }

    fn reject(&self, refused: &Token) {
        self.0.reject(refused);
    }

    fn origins(&self) -> &Origins {
        &self.0.origins
    }
}

/// Shares the source without another allocation, so that a source can be chosen for each request at no cost.
impl From<Cached> for Arc<dyn TokenSource> {
    fn from(source: Cached) -> Self {
        source.0
    }
}

#[async_trait]
impl TokenSource for Shared {
    async fn token(&self) -> Result<Token, Error> {
        loop {
            match self.enter()? {
                Ok(token) => return Ok(token),
                Err(flight) => match outcome(flight).await {
                    Ok(Some(token)) => return Ok(token),
                    Ok(None) => {}
                    // What failed was a renewal; the token may be good all the same.
                    Err(error) => return self.usable().ok_or(error),
                },
            }
        }
    }

    fn peek(&self, held: &mut Held) -> Peek {
        let now = self.clock.coarse();
        if held.is_current(self.version.load(Ordering::Acquire), now) {
            return Peek::Ready;
        }
        match self.at_hand(now) {
            Some((token, version, until)) => {
                // Without the lock, for it may copy the token.
                held.put(token, version, Some(until));
                Peek::Ready
            }
            None => self.look(held),
        }
    }

    fn renew(&self) {
        let now = self.clock.now();
        let mut state = self.lock();
        if matches!(decide(&state.facts(), now), Verdict::Renew | Verdict::Start) {
            if let Ok(flight) = Flight::prepare(self, &mut state, Purpose::Renew(false)) {
                launch(state, flight);
            }
        }
    }

    fn reject(&self, refused: &Token) {
        self.refuse(refused);
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}

/// Starts the flight that was prepared under the lock, after giving the lock back, and returns what to wait for.
fn launch(state: RwLockWriteGuard<'_, State>, flight: Flight) -> once::Receiver<Outcome> {
    drop(state);
    flight.launch()
}

async fn outcome(flight: once::Receiver<Outcome>) -> Outcome {
    flight.wait().await.unwrap_or_else(|| Err(lost()))
}

/// The flight's guard always leaves an outcome, so nobody should meet this.
fn lost() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the exchange ended without an outcome; the next call starts another",
    )
}

fn forced_too_often(shared: &Shared) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "renewals were forced too often; wait for the policy's forced_refill",
    )
    .with_retry_after(shared.policy.forced_refill)
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("name", &self.0.name())
            .field("origins", &self.0.origins)
            .finish_non_exhaustive()
    }
}
