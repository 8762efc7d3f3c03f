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
        let secret = || Place::form("client_secret");
        for (kind, path, place) in [
            (SecretKind::ClientSecret, "token", secret()),
            (SecretKind::ClientSecret, "refresh", secret()),
            (SecretKind::ClientSecret, "apilogin", secret()),
            (SecretKind::Code, "token", Place::form("code")),
            (
                SecretKind::RefreshToken,
                "refresh",
                Place::form("refresh_token"),
            ),
            (SecretKind::LegacyKey, "migrate", Place::header("key")),
        ] {
            desk.ledger
                .belongs(kind, &format!("{IDENTITY}{path}"), place);
        }
        for path in [CONFIGURATION, ACCOMMODATION, DEMO] {
            let place = Place::header("authorization");
            desk.ledger.belongs(SecretKind::AccessToken, path, place);
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
