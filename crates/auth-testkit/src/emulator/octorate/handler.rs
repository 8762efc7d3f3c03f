//! Which part of Octorate answers a request.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use auth_core::{Clock, Now};

use super::{ACCOMMODATION, CONFIGURATION, DEMO, IDENTITY, state::State};
use crate::{
    canary::canary,
    ledger::{DeviationKind, Notes, Request},
    server::{self, Answer},
};

pub(super) struct Handler {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: Arc<Mutex<State>>,
}

impl Handler {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl server::Handler for Handler {
    fn answer(&self, request: &Request, notes: &mut Notes) -> Answer {
        let now = self.clock.now();
        self.state().answer(request, now, notes)
    }

    fn inspect(&self, request: &Request, notes: &mut Notes) {
        // On a copy: whatever it does to its state is forgotten.
        let mut state = self.state().clone();
        state.answer(request, self.clock.now(), notes);
    }

    fn date(&self, now: Now) -> Option<SystemTime> {
        let state = self.state();
        state.knobs.send_date_header.then(|| state.wall(now))
    }
}

impl State {
    fn answer(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let answer = match request.path() {
            CONFIGURATION | ACCOMMODATION | DEMO => self.resource(request, now, notes),
            path => match path.strip_prefix(IDENTITY) {
                Some("token") => self.token(request, now, notes),
                Some("refresh") => self.refresh(request, now, notes),
                Some("apilogin") => self.apilogin(request, now, notes),
                Some("migrate") => self.migrate(request, now, notes),
                _ => {
                    notes.deviation(DeviationKind::UnknownPath, path);
                    Answer::html(404)
                }
            },
        };
        answer.header("request-id", canary("request"))
    }
}
