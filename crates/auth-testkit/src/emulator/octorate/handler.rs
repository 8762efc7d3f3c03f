//! Which part of Octorate answers a request.

use std::time::SystemTime;

use auth_core::Now;

use super::{
    ACCOMMODATION, CONFIGURATION, DEMO, IDENTITY, OctorateKnobs,
    state::{Own, Owner},
};
use crate::{
    canary::canary,
    emulator::desk::{Desk, Provider},
    ledger::{DeviationKind, Notes, Place, Request, SecretKind},
    server::Answer,
};

impl Provider for OctorateKnobs {
    const NAME: &'static str = "octorate";

    type Access = Owner;
    /// The property.
    type Refresh = String;
    type Own = Own;

    fn open(desk: &mut Desk<Self>) {
        let secret = (SecretKind::ClientSecret, Place::form("client_secret"));
        let code = (SecretKind::Code, Place::form("code"));
        let refresh = (SecretKind::RefreshToken, Place::form("refresh_token"));
        let key = (SecretKind::LegacyKey, Place::header("key"));
        for (name, places) in [
            ("token", vec![secret.clone(), code]),
            ("refresh", vec![secret.clone(), refresh]),
            ("apilogin", vec![secret]),
            ("migrate", vec![key]),
        ] {
            desk.ledger.belongs(&format!("{IDENTITY}{name}"), places);
        }
        for path in [CONFIGURATION, ACCOMMODATION, DEMO] {
            let token = (SecretKind::AccessToken, Place::header("authorization"));
            desk.ledger.belongs(path, [token]);
        }
    }

    fn answer(desk: &mut Desk<Self>, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        let answer = match request.path() {
            CONFIGURATION | ACCOMMODATION | DEMO => desk.resource(request, now, notes),
            path => match path.strip_prefix(IDENTITY) {
                Some("token") => desk.token(request, now, notes),
                Some("refresh") => desk.refresh(request, now, notes),
                Some("apilogin") => desk.apilogin(request, now, notes),
                Some("migrate") => desk.migrate(request, now, notes),
                _ => {
                    notes.deviation(DeviationKind::UnknownPath, path);
                    Answer::html(404)
                }
            },
        };
        answer.header("request-id", canary("request"))
    }

    fn date(desk: &Desk<Self>, now: Now) -> Option<SystemTime> {
        desk.knobs.send_date_header.then(|| desk.wall(now))
    }
}
