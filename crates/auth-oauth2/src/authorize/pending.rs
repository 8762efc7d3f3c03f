//! The logins that are under way.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use auth_core::{Now, Secret};
use sha2::{Digest, Sha256};

use super::callback::Callback;
use crate::{AuthorizationCode, CallbackError, PendingAuthorization};

/// The most logins that are kept; beyond it the oldest is given up.
const CAPACITY: usize = 1024;

/// The logins that are under way, each bound to the browser session in which it was started.
///
/// At most 1,024 are kept, each for as long as its request allows, so nobody can fill the memory by starting logins.
///
/// # Example
///
/// ```
/// use auth_core::{Clock, SystemClock};
/// use auth_oauth2::{AuthorizationRequest, CallbackError, Endpoint, PendingAuthorizations};
///
/// # fn main() -> Result<(), auth_core::Error> {
/// let clock = SystemClock::new();
/// let page = Endpoint::parse("https://login.example/authorize")?;
/// let request = AuthorizationRequest::new(page, "demo-client", "https://shop.example/cb")?;
/// let logins = PendingAuthorizations::new();
///
/// let (address, pending) = request.start(clock.now())?;
/// logins.insert("session of alice", pending, clock.now());
/// # let state = address.split("&state=").nth(1).unwrap().split('&').next().unwrap();
/// let callback = format!("/cb?code=made-up&state={state}");
///
/// // Another session cannot finish it, and cannot end it either.
/// let stolen = logins.callback("session of mallory", &callback, clock.now());
/// assert_eq!(stolen.unwrap_err(), CallbackError::StateMismatch);
/// assert!(logins.callback("session of alice", &callback, clock.now()).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct PendingAuthorizations(Mutex<VecDeque<(Key, PendingAuthorization)>>);

type Key = [u8; 32];

impl PendingAuthorizations {
    /// Returns an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a login that was started in `session`, an unguessable handle such as the value of a session cookie.
    pub fn insert(&self, session: &str, pending: PendingAuthorization, now: Now) {
        let key = key(session, pending.state());
        let mut logins = self.logins();
        logins.retain(|(_, login)| !login.is_over(now));
        if logins.len() >= CAPACITY {
            logins.pop_front();
        }
        logins.push_back((key, pending));
    }

    /// Reads a callback that arrived in `session`.
    ///
    /// # Errors
    ///
    /// As [`PendingAuthorization::callback`]. A callback without a login of this session is a
    /// [`StateMismatch`](CallbackError::StateMismatch), and so is a second one for the same login.
    pub fn callback(
        &self,
        session: &str,
        address: &str,
        now: Now,
    ) -> Result<AuthorizationCode, CallbackError> {
        let callback = Callback::parse(address)?;
        let state = callback.state.ok_or(CallbackError::StateMismatch)?;
        let key = key(session, &state);
        let mut logins = self.logins();
        let found = logins.iter().position(|(own, _)| *own == key);
        let index = found.ok_or(CallbackError::StateMismatch)?;
        let (_, login) = &mut logins[index];
        let outcome = login.callback(address, now);
        if login.is_answered() || login.is_over(now) {
            logins.remove(index);
        }
        outcome
    }

    /// Returns how many logins are kept.
    pub fn len(&self) -> usize {
        self.logins().len()
    }

    /// Returns whether no login is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn logins(&self) -> MutexGuard<'_, VecDeque<(Key, PendingAuthorization)>> {
        // Every change under the lock is a single step, so a poisoned lock guards nothing broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the digest of session and state: comparing digests tells nothing about how much of a guess was right.
fn key(session: &str, state: &Secret) -> Key {
    Sha256::new()
        .chain_update(Sha256::digest(session))
        .chain_update(state.expose())
        .finalize()
        .into()
}

impl fmt::Debug for PendingAuthorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorizations")
            .field("len", &self.len())
            .finish()
    }
}
