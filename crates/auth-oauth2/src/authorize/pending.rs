//! The logins that are under way.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use auth_core::Now;
use sha2::{Digest, Sha256};

use super::callback::Callback;
use crate::{AuthorizationCode, CallbackError, PendingAuthorization};

/// The most logins that are kept unless more are asked for; beyond it the oldest is given up.
const CAPACITY: usize = 1024;

/// The most logins of one session: as many tabs as a person has open. Beyond it the oldest of that session is given up.
const PER_SESSION: usize = 8;

/// The logins that are under way, each bound to the browser session in which it was started.
///
/// At most 1,024 are kept, or as many as [`with_capacity`](Self::with_capacity) says, and 8 of one session, each for as
/// long as its request allows. So nobody can fill the memory by starting logins, and nobody can displace the logins of
/// others from a few sessions. Whoever can open sessions without end still can: limit how many each address may open.
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
pub struct PendingAuthorizations {
    capacity: usize,
    /// The oldest first.
    logins: Mutex<VecDeque<Entry>>,
}

/// A login, by digests: comparing them tells nothing about how much of a guess was right.
struct Entry {
    session: Digested,
    state: Digested,
    login: PendingAuthorization,
}

type Digested = [u8; 32];

impl Entry {
    fn is(&self, session: &Digested, state: &Digested) -> bool {
        self.session == *session && self.state == *state
    }
}

impl PendingAuthorizations {
    /// Returns an empty collection.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Returns an empty collection for at most that many logins; at least one is kept.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            logins: Mutex::default(),
        }
    }

    /// Adds a login that was started in `session`, an unguessable handle such as the value of a session cookie.
    pub fn insert(&self, session: &str, pending: PendingAuthorization, now: Now) {
        let entry = Entry {
            session: digest(session),
            state: digest(pending.state().expose()),
            login: pending,
        };
        let mut logins = self.logins();
        logins.retain(|other| !other.login.is_over(now));
        let own = |other: &Entry| other.session == entry.session;
        let full = logins.iter().filter(|other| own(other)).count() >= PER_SESSION;
        let oldest = match logins.iter().position(own) {
            Some(oldest) if full => Some(oldest),
            _ if logins.len() >= self.capacity => Some(0),
            _ => None,
        };
        if let Some(oldest) = oldest {
            logins.remove(oldest);
        }
        logins.push_back(entry);
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
        let (session, state) = (digest(session), digest(state.expose()));
        let mut logins = self.logins();
        let found = logins.iter().position(|own| own.is(&session, &state));
        let index = found.ok_or(CallbackError::StateMismatch)?;
        let login = &mut logins[index].login;
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

    fn logins(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        // Every change under the lock is a single step, so a poisoned lock guards nothing broken.
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(text: &str) -> Digested {
    Sha256::digest(text).into()
}

impl Default for PendingAuthorizations {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PendingAuthorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorizations")
            .field("len", &self.len())
            .finish()
    }
}
