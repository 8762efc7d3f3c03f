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
        let mut state = self.state();
        let answer = match request.path() {
            CONFIGURATION | ACCOMMODATION | DEMO => state.resource(request, now, notes),
            path => match path.strip_prefix(IDENTITY) {
                Some("token") => state.token(request, now, notes),
                Some("refresh") => state.refresh(request, now, notes),
                Some("apilogin") => state.apilogin(request, now, notes),
                Some("migrate") => state.migrate(request, now, notes),
                _ => {
                    notes.deviation(DeviationKind::UnknownPath, path);
                    Answer::html(404)
                }
            },
        };
        answer.header("request-id", canary("request"))
    }

    fn date(&self, now: Now) -> Option<SystemTime> {
        let state = self.state();
        state.knobs.send_date_header.then(|| state.wall(now))
    }
}
