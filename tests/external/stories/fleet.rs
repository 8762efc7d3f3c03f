//! Eight processes of four tasks each that share one login through one store, before a strict authorization server: each
//! refresh token is good for one use, and a second use ends the login.
//!
//! A run is counted in expiries. Time stands in a file that the story moves and all processes read, so the policy is the
//! default one and nothing waits for a token to end. The usual run has 50 expiries. The full one:
//!
//! ```sh
//! AUTH_FLEET_EXPIRIES=1000 cargo test -p external fleet:: -- --nocapture --test-threads=1
//! ```
//!
//! Each run ends with one line that says what was counted.

mod dice;
mod gap;
mod home;
mod killed;
mod play;
mod replica;
mod rollover;
#[path = "../../stories/faults/process/shared_clock.rs"]
mod shared_clock;
mod stage;
mod steady;
mod stopped;
mod tally;

use std::{env, future::Future, time::Duration};

use auth_core::StoreKey;
use tokio::time::timeout;

/// How many processes share the login.
const REPLICAS: usize = 8;
/// How many tasks of each process call the resource at the same time.
const TASKS: usize = 4;
/// How long an access token lives.
const TTL: Duration = Duration::from_secs(300);

/// With so much time left or less, a token is about to end: it is renewed beside its use.
const ENDING: Duration = Duration::from_secs(60);

/// Returns how many expiries a run has.
fn expiries() -> usize {
    let count = env::var("AUTH_FLEET_EXPIRIES").ok();
    count.map_or(50, |count| {
        count.parse().expect("AUTH_FLEET_EXPIRIES is a number")
    })
}

/// Returns after how many expiries a process is disturbed again: often in a short run, so that each way occurs.
fn between_faults() -> usize {
    if expiries() < 400 { 3 } else { 20 }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The login that everybody shares.
fn key() -> StoreKey {
    StoreKey::new(["fleet", "made-up user"])
}

/// Waits for what must happen, with a limit that only a hang reaches.
async fn soon<F: Future>(what: F) -> F::Output {
    let outcome = timeout(Duration::from_secs(120), what).await;
    outcome.expect("this should have happened long ago")
}

/// Tells every story on one store.
macro_rules! stories {
    ($store:ident, $home:expr) => {
        mod $store {
            use super::{gap, home::Home, killed, rollover, steady, stopped};

            #[tokio::test]
            async fn each_expiry_costs_one_refresh() {
                steady::run($home).await;
            }

            #[tokio::test]
            async fn processes_that_start_together_send_one_token_request() {
                steady::cold_start($home).await;
            }

            #[tokio::test]
            async fn killed_processes_cost_no_login() {
                killed::run($home).await;
            }

            #[tokio::test]
            async fn stopped_processes_cost_no_login() {
                stopped::run($home).await;
            }

            #[tokio::test]
            async fn a_rollout_costs_no_login() {
                rollover::run($home).await;
            }

            #[tokio::test]
            async fn a_kill_in_the_gap_costs_no_login_where_the_provider_grants_leeway() {
                gap::with_leeway($home).await;
            }

            #[tokio::test]
            async fn a_kill_in_the_gap_is_told_once_where_the_provider_grants_none() {
                gap::without_leeway($home).await;
            }
        }
    };
}

stories!(file, Home::file());
stories!(sqlite, Home::sqlite());
stories!(postgres, Home::postgres().await);
stories!(redis, Home::redis());
