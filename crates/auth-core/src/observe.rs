//! What happens inside, for those who watch.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::Error;

/// Is told of everything that happens to a login. Called by whoever causes the event, be it the task of an exchange or a
/// caller who rejects a token: return soon, and do not panic.
pub trait Observer: Send + Sync {
    /// Hears of one event of the source called `name`.
    fn event(&self, name: &str, event: &Event);
}

/// Something that happened to a login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A new access token is in use.
    #[non_exhaustive]
    Issued {
        /// When it ends, where that is known.
        expires: Option<SystemTime>,
    },
    /// The refresh token was replaced. The new one is saved, unless [`Unsaved`](Self::Unsaved) was heard before or there
    /// is no store.
    Rotated,
    /// A server refused the current access token; it is not used any more.
    Refused,
    /// The login is no longer valid: a person must authorize again.
    #[non_exhaustive]
    LoginRequired {
        /// What the server said.
        error: Error,
    },
    /// An attempt failed and another follows.
    #[non_exhaustive]
    Failed {
        /// Why it failed.
        error: Error,
        /// How long until the next attempt may start.
        pause: Duration,
    },
    /// A new refresh token could not be saved. It is held in memory, and saving is tried again.
    #[non_exhaustive]
    Unsaved {
        /// What the store said.
        error: Error,
    },
    /// What could not be saved earlier is saved now.
    Saved,
}

impl<F: Fn(&str, &Event) + Send + Sync> Observer for F {
    fn event(&self, name: &str, event: &Event) {
        self(name, event);
    }
}

/// A source at one moment, for a health page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// What can be had right now.
    pub state: State,
    /// When the current token ends, where there is one and that is known.
    pub expires: Option<SystemTime>,
    /// Whether an exchange is under way.
    pub renewing: bool,
    /// Why the last attempt failed; gone with the next success.
    pub last_error: Option<Error>,
    /// How long until the next attempt may start, while backing off.
    pub next_attempt: Option<Duration>,
    /// Whether a new refresh token waits to be saved.
    pub unsaved: bool,
}

/// What a source can give at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing was obtained yet.
    Empty,
    /// A token with time left.
    Fresh,
    /// A token that is being renewed, or is about to be, beside its use.
    Renewing,
    /// A token that is still good although its renewal failed.
    BackingOff,
    /// A token that is used no more: it ended or was refused. The next caller waits for another.
    Stale,
    /// No token, and the last attempt failed.
    Failed,
}

/// Observers are optional; this calls the one there is.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) name: Arc<str>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Watch {
    pub(crate) fn tell(&self, event: &Event) {
        match event {
            Event::Failed { error, pause } => {
                tracing::warn!(source = %self.name, %error, ?pause, "exchange failed");
            }
            Event::LoginRequired { error } => {
                tracing::error!(source = %self.name, %error, "login required");
            }
            Event::Unsaved { error } => {
                tracing::error!(source = %self.name, %error, "login not saved");
            }
            Event::Issued { .. } => tracing::info!(source = %self.name, "token issued"),
            Event::Rotated => tracing::info!(source = %self.name, "refresh token rotated"),
            Event::Refused => tracing::info!(source = %self.name, "token refused"),
            Event::Saved => tracing::info!(source = %self.name, "login saved"),
        }
        if let Some(observer) = &self.observer {
            // An observer that panics must not take the exchange with it.
            let call = AssertUnwindSafe(|| observer.event(&self.name, event));
            if catch_unwind(call).is_err() {
                tracing::error!(source = %self.name, "the observer panicked");
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
