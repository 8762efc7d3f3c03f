//! The engine, through its public seams and without sockets.

mod cancelled;
mod each_call;
mod intents;
mod known_logins;
mod lost_logins;
mod one_flight;
mod others_notes;
mod refusal;
mod rolled_back;
mod runtime;
mod saving;
mod serving;
mod shared_store;
mod tenants;
mod tenants_hour;
mod tenants_limit;
mod tenants_limit_order;
mod tenants_limit_store;
mod tenants_room;
mod tenants_spread;
mod waiting_saves;
mod watching;
mod windows;

use std::time::Duration;

use auth_core::{
    Cached, CachedBuilder, Error, ErrorKind, Held, Origins, Peek, Policy, TokenSource,
};
use auth_testkit::{ManualClock, ScriptedGrant};
use http::StatusCode;

const HOUR: Duration = Duration::from_secs(3600);
/// More turns than anything here needs.
const MOST: usize = 1_000_000;

fn origins() -> Origins {
    Origins::parse("https://api.example").unwrap()
}

/// Windows without jitter, so that the stories can name the second.
fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.jitter = 0.0;
    policy
}

fn builder(grant: &ScriptedGrant, clock: &ManualClock) -> CachedBuilder {
    Cached::builder(grant.clone(), origins())
        .clock(clock.clone())
        .policy(policy())
        .name("story")
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the endpoint is away")
}

fn ended_login() -> Error {
    Error::new(
        ErrorKind::LoginRequired,
        "made up: the refresh token was refused",
    )
    .with_status(StatusCode::BAD_REQUEST)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Gives everybody else a turn until `reached`. What does not come is named, and nothing waits for it for ever.
pub(crate) async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    for _ in 0..MOST {
        if reached().await {
            return;
        }
        // Not the tasks of this thread alone: what is waited for may be done by another one.
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    panic!("it never came to this: {what}");
}

async fn access(source: &Cached) -> String {
    source.token().await.unwrap().access().expose().to_owned()
}

/// What a request that goes out now would carry, without waiting.
fn sent(source: &Cached, held: &mut Held) -> Option<String> {
    match source.peek(held) {
        Peek::Ready | Peek::Renew => Some(held.token()?.access().expose().to_owned()),
        Peek::Absent => None,
    }
}
