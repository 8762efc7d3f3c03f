//! Where the login of a fleet is kept.

use std::{path::Path, time::Duration};

use auth_core::TokenStore;
use auth_store::Backend;
use auth_store_file::FileStore;
use auth_store_postgres::PostgresStore;
use auth_store_redis::RedisStore;
use auth_store_sqlite::SqliteStore;
use tempfile::TempDir;

use super::{key, shared_clock::SharedClock};
use crate::servers::{postgres::PostgresServer, redis::RedisServer};

/// How long a lock in Redis outlives its holder. It ends in real time, but the engine renews it by the clock of the
/// story: so it is far longer than an exchange takes here, and a story ends it where that is its subject.
const LEASE: Duration = Duration::from_secs(30);

/// A place for logins, with the folder or server that keeps it.
pub(super) struct Home {
    name: &'static str,
    address: String,
    keeper: Keeper,
}

enum Keeper {
    #[expect(dead_code, reason = "it is kept to be dropped")]
    Folder(TempDir),
    /// One server for all stories.
    Postgres,
    Redis(RedisServer),
}

impl Home {
    pub(super) fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            name: "file",
            address: format!("file {}", folder.path().join("logins").display()),
            keeper: Keeper::Folder(folder),
        }
    }

    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            name: "sqlite",
            address: format!("sqlite {}", folder.path().join("logins.db").display()),
            keeper: Keeper::Folder(folder),
        }
    }

    pub(super) async fn postgres() -> Self {
        let server = PostgresServer::shared();
        let database = server.database().await;
        Self {
            name: "postgres",
            address: format!("postgres {}", server.url(&database)),
            keeper: Keeper::Postgres,
        }
    }

    pub(super) fn redis() -> Self {
        let server = RedisServer::start();
        Self {
            name: "redis",
            address: format!("redis {}", server.url()),
            keeper: Keeper::Redis(server),
        }
    }

    /// Returns whether a lock ends while its holder is only paused.
    pub(super) fn has_leases(&self) -> bool {
        matches!(self.keeper, Keeper::Redis(_))
    }

    /// Lets the lease end of a holder that is dead or stands still, as it would in time; other locks have none.
    pub(super) async fn lease_ends(&self) {
        if let Keeper::Redis(server) = &self.keeper {
            let mut command = redis::cmd("DEL");
            command.arg(format!("auth:{{{}}}:lock", key()));
            let gone: u64 = command
                .query_async(&mut server.admin().await)
                .await
                .unwrap();
            assert_eq!(gone, 1, "the lock is not held");
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what [`open`] needs to know.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Opens the store for the story itself.
    pub(super) async fn store(&self, clock: &Path) -> Box<dyn TokenStore> {
        open(&self.address, SharedClock::open(clock)).await
    }
}

/// Opens the store that `address` names, in whatever process.
pub(super) async fn open(address: &str, clock: SharedClock) -> Box<dyn TokenStore> {
    let (kind, place) = address.split_once(' ').unwrap();
    match kind {
        "file" => {
            let store = FileStore::open(place).unwrap();
            Box::new(store.in_plain_text().clock(clock))
        }
        "sqlite" => {
            let store = SqliteStore::open(place).await.unwrap();
            Box::new(store.in_plain_text().clock(clock))
        }
        "postgres" => {
            let store = PostgresStore::connect(place).await.unwrap();
            Box::new(store.in_plain_text().clock(clock))
        }
        "redis" => {
            let builder = RedisStore::builder(place).lease(LEASE);
            let store = builder.connect().await.unwrap();
            Box::new(store.in_plain_text().clock(clock))
        }
        _ => panic!("there is no store {address:?}"),
    }
}
