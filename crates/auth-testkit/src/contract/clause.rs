use std::{fmt, future::Future, time::Duration};

use auth_core::{Error, ErrorKind};

/// How long anything may take before it counts as hanging: far more than any healthy implementation needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// One clause of a suite, which speaks up when it is broken.
#[derive(Clone, Copy)]
pub(super) struct Clause {
    suite: &'static str,
    name: &'static str,
    patience: Duration,
}

impl Clause {
    pub(super) fn new(suite: &'static str, name: &'static str, patience: Duration) -> Self {
        Self {
            suite,
            name,
            patience,
        }
    }

    #[track_caller]
    pub(super) fn holds(&self, kept: bool, why: impl fmt::Display) {
        if !kept {
            self.broken(why);
        }
    }

    #[track_caller]
    pub(super) fn broken(&self, why: impl fmt::Display) -> ! {
        panic!("contract {}, clause {}: {why}", self.suite, self.name);
    }

    /// Takes the value out of a call that must succeed.
    #[track_caller]
    pub(super) fn succeeds<T>(&self, outcome: Result<T, Error>, doing: &str) -> T {
        match outcome {
            Ok(value) => value,
            Err(error) => self.broken(format_args!("{doing} failed: {error}")),
        }
    }

    /// Takes the error out of a call that must fail.
    #[track_caller]
    pub(super) fn fails<T>(&self, outcome: Result<T, Error>, doing: &str) -> Error {
        match outcome {
            Ok(_) => self.broken(format_args!("{doing} succeeded")),
            Err(error) => error,
        }
    }

    #[track_caller]
    pub(super) fn kind(&self, error: &Error, kind: ErrorKind, doing: &str) {
        let found = error.kind();
        self.holds(
            found == kind,
            format_args!("{doing} gave an error of kind {found:?} where {kind:?} was due"),
        );
    }

    /// Waits for `work`, and calls it hanging when patience ends.
    pub(super) async fn soon<T>(&self, work: impl Future<Output = T> + Send, doing: &str) -> T {
        match tokio::time::timeout(self.patience, work).await {
            Ok(value) => value,
            Err(_) => self.broken(format_args!("{doing} did not come to an end")),
        }
    }
}
