//! A keyring with a limit, which fails when it is told to.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use keyring_core::{
    Credential, Entry, Error, Result,
    api::{CredentialApi, CredentialStoreApi},
};

/// What the keyring says instead of doing a call.
pub(super) type Refusal = fn() -> Error;

/// Which calls fail.
#[derive(Clone, Copy, Default)]
pub(super) enum Failing {
    #[default]
    Never,
    /// Every call.
    Always(Refusal),
    /// The call of this number, before it is done.
    Before(usize),
    /// The call of this number, once it is done.
    After(usize),
    /// The call of this number and all that follow.
    From(usize),
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Vec<u8>>,
    longest: usize,
    failing: Failing,
    calls: usize,
}

pub(super) struct Fake {
    limit: u32,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(super) fn of(limit: u32) -> Arc<Self> {
        let state = Arc::default();
        Arc::new(Self { limit, state })
    }

    /// Begins to count the calls anew.
    pub(super) fn fail(&self, failing: Failing) {
        let mut state = self.state();
        (state.failing, state.calls) = (failing, 0);
    }

    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn longest(&self) -> usize {
        self.state().longest
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.state().entries.keys().cloned().collect()
    }

    pub(super) fn plant(&self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.state().entries.insert(name.to_owned(), text.into()),
            None => self.state().entries.remove(name),
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl CredentialStoreApi for Fake {
    fn vendor(&self) -> String {
        "fake".to_owned()
    }

    fn id(&self) -> String {
        "fake".to_owned()
    }

    fn build(&self, service: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        assert_eq!(service, "tests");
        Ok(Entry::new_with_credential(Arc::new(Cred {
            user: user.to_owned(),
            limit: self.limit,
            state: Arc::clone(&self.state),
        })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

struct Cred {
    user: String,
    limit: u32,
    state: Arc<Mutex<State>>,
}

impl Cred {
    fn call<T>(&self, work: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let state = &mut *self.state.lock().unwrap();
        state.calls += 1;
        match state.failing {
            Failing::Always(refusal) => Err(refusal()),
            Failing::Before(call) if call == state.calls => Err(broken()),
            Failing::From(call) if call <= state.calls => Err(broken()),
            Failing::After(call) if call == state.calls => work(state).and(Err(broken())),
            _ => work(state),
        }
    }
}

fn broken() -> Error {
    Error::PlatformFailure("canary-of-the-keyring".into())
}

impl CredentialApi for Cred {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        if secret.len() > self.limit as usize {
            return Err(Error::TooLong(
                "canary-of-the-keyring".to_owned(),
                self.limit,
            ));
        }
        self.call(|state| {
            state.longest = state.longest.max(secret.len());
            state.entries.insert(self.user.clone(), secret.to_vec());
            Ok(())
        })
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.call(|state| state.entries.get(&self.user).cloned().ok_or(Error::NoEntry))
    }

    fn delete_credential(&self) -> Result<()> {
        self.call(|state| {
            state
                .entries
                .remove(&self.user)
                .map(drop)
                .ok_or(Error::NoEntry)
        })
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some(("tests".to_owned(), self.user.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cred")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
