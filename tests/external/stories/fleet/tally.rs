//! What a run is counted by.

use std::time::Instant;

use auth_testkit::OAuth2Emulator;

/// What happened in one run.
pub(super) struct Tally {
    name: String,
    started: Instant,
    /// Tokens that ended, each of which is worth one refresh.
    pub(super) expiries: usize,
    /// Answers of the resource that told a task that its token is not good.
    pub(super) refused: usize,
    /// Calls that failed in another way.
    pub(super) errors: Vec<String>,
    pub(super) kills: usize,
    pub(super) stops: usize,
}

impl Tally {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            started: Instant::now(),
            expiries: 0,
            refused: 0,
            errors: Vec::new(),
            kills: 0,
            stops: 0,
        }
    }

    /// Checks what must hold at any time when nobody dies with an answer unread.
    pub(super) fn check(&self, emulator: &OAuth2Emulator) {
        let counted = (
            emulator.ledger().attempts("refresh_token"),
            emulator.reuses(),
            emulator.families_revoked(),
            self.refused,
        );
        assert!(
            counted == (self.expiries, 0, 0, 0) && self.errors.is_empty(),
            "{}, errors {:?}",
            self.line(emulator),
            self.errors
        );
    }

    /// Says what was counted.
    pub(super) fn print(&self, emulator: &OAuth2Emulator) {
        eprintln!("fleet: {}", self.line(emulator));
    }

    fn line(&self, emulator: &OAuth2Emulator) -> String {
        format!(
            "{}: {} expiries, {} refreshes, {} reuses, {} families revoked, {} refusals surfaced, {} errors, {} kills, \
             {} stops, {:.1} s",
            self.name,
            self.expiries,
            emulator.ledger().attempts("refresh_token"),
            emulator.reuses(),
            emulator.families_revoked(),
            self.refused,
            self.errors.len(),
            self.kills,
            self.stops,
            self.started.elapsed().as_secs_f64(),
        )
    }
}
