//! Clients that are killed at every step, and servers that are killed under load: their processes alone. What the
//! operating system took from them is kept; a loss of power is not played here.

use auth_core::{Secret, StoreKey, TokenSet, TokenStore, store::save_login};
use auth_store::Backend;
use tokio::task::JoinSet;

use super::{open, soon};
use crate::{crash, servers::redis::RedisServer};

/// How many logins are written at the same time.
const WRITERS: usize = 4;

/// What a writer knows of its login.
struct Writer {
    key: StoreKey,
    acknowledged: u64,
    tried: u64,
}

impl Writer {
    /// Writes rising numbers until the server is gone.
    async fn write(mut self, store: impl TokenStore) -> Self {
        loop {
            self.tried += 1;
            let set = TokenSet::login(Secret::new(self.tried.to_string()));
            if save_login(&store, &self.key, &set).await.is_err() {
                return self;
            }
            self.acknowledged = self.tried;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_44_a_client_that_is_killed_at_any_step_loses_nothing() {
    let server = RedisServer::start();
    let store = format!("redis {}", server.url());
    let points = crash::points(&["redis"]);
    let runs = crash::share_of(500).div_ceil(points.len());
    let tally = crash::at_every_point(&store, &points, runs).await.unwrap();
    eprintln!("killed at each of {} points: {tally:?}", points.len());
    assert!(tally.undone > 0 && tally.done_unsaid > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_44_a_client_that_is_killed_at_any_instant_loses_nothing() {
    let server = RedisServer::start();
    let store = format!("redis {}", server.url());
    let tally = crash::at_random(&store, crash::share_of(500))
        .await
        .unwrap();
    eprintln!("killed at any instant: {tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_56_a_killed_server_process_loses_nothing_that_it_acknowledged() {
    let mut server = RedisServer::start();
    // A lock that cannot be given back while the server is away is given back when it is there again.
    let store = open(&server).await.in_plain_text();
    let mut writers: Vec<_> = (0..WRITERS)
        .map(|number| Writer {
            key: StoreKey::new(["crash", &number.to_string()]),
            acknowledged: 0,
            tried: 0,
        })
        .collect();
    for kill in 0..crash::share_of(100) as u64 {
        let mut tasks = JoinSet::new();
        let goal = 1 + kill * 7 % 40;
        let watched = (writers[0].key.clone(), writers[0].acknowledged + goal);
        for writer in writers.drain(..) {
            tasks.spawn(writer.write(store.clone()));
        }
        // The first of them got so far; the others are anywhere.
        soon(async {
            while number(&store, &watched.0).await < watched.1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        server.kill();
        writers = soon(tasks.join_all()).await;
        server.restart();
        for writer in &writers {
            let found = number(&store, &writer.key).await;
            let possible = writer.acknowledged..=writer.tried;
            assert!(
                possible.contains(&found),
                "kill {kill}: {found}, not {possible:?}"
            );
        }
        for writer in &mut writers {
            let set = TokenSet::login(Secret::new(writer.tried.to_string()));
            soon(save_login(&store, &writer.key, &set)).await.unwrap();
            writer.acknowledged = writer.tried;
        }
    }
}

async fn number(store: &dyn TokenStore, key: &StoreKey) -> u64 {
    let record = store.load(key).await.unwrap();
    let refresh = record.and_then(|record| record.set.refresh().cloned());
    refresh.map_or(0, |refresh| refresh.expose().parse().unwrap())
}
