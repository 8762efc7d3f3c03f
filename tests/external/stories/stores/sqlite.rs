//! The store in SQLite, on real files.

mod cancelled;
mod child;
mod contract;
mod damaged;
mod full;
mod killed;
mod locked;
mod missing;
mod secrets;

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use auth_core::{
    Cached, CachedBuilder, OnStoreFailure, Origins, Policy, Secret, StoreKey, TokenSet,
    TokenSource, TokenStore, store::save_login,
};
use auth_store::{Backend, Durable};
use auth_store_sqlite::SqliteStore;
use auth_testkit::{ManualClock, ScriptedGrant};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

const HOUR: Duration = Duration::from_secs(3600);

fn database(folder: &Path) -> PathBuf {
    folder.join("logins.db")
}

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(database(folder)).await.unwrap()
}

/// Opens the database as any other program would.
async fn stranger(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database(folder));
    options.connect().await.unwrap()
}

async fn tell(stranger: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(stranger).await.unwrap();
}

/// Waits until SQLite, which closes on threads of its own, took its log away.
async fn closed(folder: &Path) {
    let log = folder.join("logins.db-wal");
    soon(async {
        while log.exists() {
            // Two connections that close at once may leave the log to each other. Then the next one takes it away.
            let mut next = stranger(folder).await;
            tell(&mut next, "SELECT count(*) FROM sqlite_master").await;
            next.close().await.unwrap();
        }
    })
    .await;
}

fn key() -> StoreKey {
    StoreKey::new(["sqlite", "alice"])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

async fn stored(store: &dyn TokenStore) -> Option<String> {
    let record = soon(store.load(&key())).await.unwrap()?;
    let refresh = record.set.refresh();
    refresh.map(|refresh| refresh.expose().to_owned())
}

/// Waits for what must happen, with a limit that only a hang reaches.
async fn soon<F: Future>(what: F) -> F::Output {
    let limit = Duration::from_secs(120);
    let outcome = tokio::time::timeout(limit, what).await;
    outcome.expect("it happens within two minutes")
}

/// An engine that goes on while the store is away, with a login `r-0` that is stored and exchanged for `r-1`, `r-2`.
struct Scene {
    clock: ManualClock,
    source: Cached,
    store: Durable<SqliteStore>,
}

impl Scene {
    async fn in_folder(folder: &Path) -> Self {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant
            .rotates_to("a-1", HOUR, "r-1")
            .rotates_to("a-2", HOUR, "r-2")
            .rotates_to("a-3", HOUR, "r-3");
        let store = open(folder).await.in_plain_text().clock(clock.clone());
        save_login(&store, &key(), &login("r-0")).await.unwrap();
        let source = serving(&grant, &clock).store(store.clone(), key()).build();
        Self {
            clock,
            source,
            store,
        }
    }

    async fn access(&self) -> String {
        let token = soon(self.source.token()).await.unwrap();
        token.access().expose().to_owned()
    }

    /// Renews the token while the store fails, and sees that it is served and kept.
    async fn renews_without_the_store(&self, access: &str) {
        self.clock.advance(HOUR);
        assert_eq!(self.access().await, access);
        assert!(self.source.status().unsaved);
    }

    /// Waits until what is kept in memory is saved, once the store works again.
    async fn saves(&self, refresh: &str) {
        soon(async {
            while self.source.status().unsaved {
                // Nobody waits any more once it is saved, so this does not wait for them either.
                tokio::select! {
                    () = self.clock.until_sleepers(1) => self.clock.advance(Duration::from_secs(60)),
                    () = tokio::task::yield_now() => {}
                }
            }
        })
        .await;
        assert_eq!(stored(&self.store).await.as_deref(), Some(refresh));
    }
}

fn serving(grant: &ScriptedGrant, clock: &ManualClock) -> CachedBuilder {
    let mut policy = Policy::default();
    policy.jitter = 0.0;
    policy.on_store_failure = OnStoreFailure::Serve;
    let origins = Origins::parse("https://api.example").unwrap();
    Cached::builder(grant.clone(), origins)
        .clock(clock.clone())
        .policy(policy)
}
