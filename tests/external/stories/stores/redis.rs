//! The store in Redis.

mod cancelled;
mod contract;
mod crashes;
mod faults;
mod leases;
mod outages;
mod probe;
mod replies;
mod secrets;

use std::{future::Future, time::Duration};

use auth_core::{
    Cached, CachedBuilder, OnStoreFailure, Origins, Policy, Secret, StoreKey, TokenSet,
    TokenSource, TokenStore,
};
use auth_store::{Backend, Durable};
use auth_store_redis::RedisStore;
use auth_testkit::{ManualClock, ScriptedGrant};

use crate::servers::redis::RedisServer;

const HOUR: Duration = Duration::from_secs(3600);

async fn open(server: &RedisServer) -> RedisStore {
    RedisStore::connect(server.url()).await.unwrap()
}

/// Returns the store with the clock of the engine that is to use it.
async fn plain(server: &RedisServer, clock: &ManualClock) -> Durable<RedisStore> {
    open(server).await.in_plain_text().clock(clock.clone())
}

/// Returns an engine that goes on while the store is away.
fn serving(grant: &ScriptedGrant, clock: &ManualClock) -> CachedBuilder {
    let mut policy = Policy::default();
    policy.jitter = 0.0;
    policy.on_store_failure = OnStoreFailure::Serve;
    Cached::builder(
        grant.clone(),
        Origins::parse("https://api.example").unwrap(),
    )
    .clock(clock.clone())
    .policy(policy)
}

async fn access(source: &Cached) -> String {
    source.token().await.unwrap().access().expose().to_owned()
}

async fn stored(store: &dyn TokenStore) -> Option<String> {
    let record = soon(store.load(&key())).await.unwrap()?;
    record
        .set
        .refresh()
        .map(|refresh| refresh.expose().to_owned())
}

fn key() -> StoreKey {
    StoreKey::new(["redis", "alice"])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

/// Waits for what must happen, with a limit that only a hang reaches.
async fn soon<F: Future>(what: F) -> F::Output {
    let limit = Duration::from_secs(60);
    let outcome = tokio::time::timeout(limit, what).await;
    outcome.expect("it happens within a minute")
}
