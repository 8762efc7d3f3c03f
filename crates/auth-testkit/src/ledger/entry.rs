//! One line of the ledger.

use std::{fmt, ops::Deref, sync::Arc};

use super::Request;

/// A request together with what became of it. It dereferences to its [`Request`].
#[derive(Clone)]
pub struct Entry {
    number: usize,
    request: Arc<Request>,
    outcome: Option<Outcome>,
    grant: Option<String>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The emulator did its work and decided on this status, which a fault may still have kept from the client.
    Processed(u16),
    /// A fault answered in its place.
    StoodIn(u16),
}

impl Outcome {
    pub(crate) fn is_processed(self) -> bool {
        matches!(self, Self::Processed(_))
    }

    pub(super) fn status(self) -> u16 {
        match self {
            Self::Processed(status) | Self::StoodIn(status) => status,
        }
    }
}

impl Entry {
    pub(super) fn new(number: usize, request: Arc<Request>) -> Self {
        Self {
            number,
            request,
            outcome: None,
            grant: None,
        }
    }

    pub(super) fn finish(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    pub(super) fn name_grant(&mut self, grant: &str) {
        self.grant = Some(grant.to_owned());
    }

    /// Returns the place in the order of arrival, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns whether the emulator did what was asked, whatever its answer was and whether it got through.
    pub fn is_processed(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Processed(_)))
    }

    /// Returns the status decided on, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.outcome.map(Outcome::status)
    }

    /// Returns the name of the grant that was asked for, if the emulator came far enough to know it.
    pub fn grant(&self) -> Option<&str> {
        self.grant.as_deref()
    }
}

impl Deref for Entry {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("number", &self.number)
            .field("request", &self.request)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
