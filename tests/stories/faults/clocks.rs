//! An authorization server whose time of day is not ours, and clocks that jump.

mod dates;
mod front;
mod jumps;
mod outage;
mod restored;

use std::{sync::Arc, time::Duration};

use auth_core::{Clock, TokenSource};
use auth_oauth2::{ClientCredentials, Dialect, Expiry};
use auth_reqwest::ReqwestTransport;
use auth_testkit::{Fault, ManualClock, OAuth2Emulator};

use super::scene::{Client, Scene, TOKEN};

const HOUR: Duration = Duration::from_secs(3600);
const SKEW: Duration = Duration::from_secs(300);

/// Sets the clock of a server wrong.
type Wrong = fn(&ManualClock);

const WRONG: [(&str, Wrong); 3] = [
    ("ahead", |clock| clock.advance_wall_only(SKEW)),
    ("behind", |clock| clock.turn_wall_back(SKEW)),
    ("right", |_| {}),
];

/// Says how a server tells the end of a token of an hour.
fn told(member: &'static str, server: &ManualClock) -> (&'static [Expiry], String) {
    let end = server.wall() + HOUR;
    let since = end.duration_since(std::time::SystemTime::UNIX_EPOCH);
    let unix = since.unwrap().as_secs();
    match member {
        "expires_in" => (&[Expiry::Seconds("expires_in")], "3600".to_owned()),
        "expires_at" => (&[Expiry::UnixSeconds("expires_at")], unix.to_string()),
        _ => {
            let date = written(unix);
            (&[Expiry::Date("expireDate")], format!("\"{date}\""))
        }
    }
}

/// Writes a time of 2031-03-17 down as RFC 3339 wants it, where the manual clock begins.
fn written(unix: u64) -> String {
    let midnight = 1_931_472_000;
    let (h, m, s) = {
        let of_day = unix - midnight;
        (of_day / 3600, of_day / 60 % 60, of_day % 60)
    };
    format!("2031-03-17T{h:02}:{m:02}:{s:02}Z")
}

#[tokio::test]
async fn fault_28_the_clock_of_the_server_does_not_change_a_lifetime() {
    for (name, wrong) in WRONG {
        for member in ["expires_in", "expires_at", "expireDate"] {
            let name = format!("{name} {member}");
            let scene = Scene::start().await;
            let theirs = ManualClock::new();
            wrong(&theirs);
            // The `Date` header is by its own clock too.
            let emulator = OAuth2Emulator::start(Arc::new(theirs.clone()));
            let emulator = emulator.await.unwrap();
            let (expiry, end) = told(member, &theirs);
            let body = format!(r#"{{"access_token":"planted","{member}":{end}}}"#);
            emulator.server().always_at(TOKEN, Fault::Json(200, body));
            let mut dialect = Dialect::default();
            dialect.expiry = expiry;
            let transport = Arc::new(ReqwestTransport::new().unwrap());
            let tokens = scene.tokens_by(&emulator.token_url(), transport, dialect);
            let client = Client::new(scene.builder(ClientCredentials::new(tokens)));

            let token = client.source.token().await.unwrap();
            let life = token.lifetime().unwrap();
            assert_eq!(life.length(), HOUR, "{name}");
            let left = life.ends().wall().duration_since(scene.clock.wall());
            assert_eq!(left.unwrap(), HOUR, "{name}: the end is by our clock");
            // Served until five minutes before its end, and renewed then.
            scene.clock.advance(HOUR - SKEW - Duration::from_secs(1));
            client.token().await;
            assert_eq!(emulator.ledger().requests(), 1, "{name}");
            scene.clock.advance(SKEW);
            client.token().await;
            assert_eq!(emulator.ledger().requests(), 2, "{name}");
        }
    }
}
