//! A store by its name.

use std::{sync::Arc, time::Duration};

use auth_core::{Error, TokenStore};
use auth_store::Backend;
use auth_store_file::FileStore;
use auth_store_postgres::PostgresStore;
use auth_store_redis::RedisStore;
use auth_store_sqlite::SqliteStore;

use super::flawed::Flawed;

/// Opens the store that `name` says: a kind, a space and a place.
pub(super) async fn open(name: &str) -> Result<Arc<dyn TokenStore>, Error> {
    let (kind, place) = name.split_once(' ').expect("a kind and a place");
    Ok(match kind {
        "file" => Arc::new(FileStore::open(place)?.in_plain_text()),
        "postgres" => Arc::new(PostgresStore::connect(place).await?.in_plain_text()),
        "redis" => {
            // The lock of a dead process ends with its lease, and each kill waits for that.
            let store = RedisStore::builder(place).lease(Duration::from_millis(250));
            Arc::new(store.connect().await?.in_plain_text())
        }
        "sqlite" => Arc::new(SqliteStore::open(place).await?.in_plain_text()),
        "written-in-place" => Arc::new(Flawed::in_place(place)?.in_plain_text()),
        "unsynced" => Arc::new(Flawed::unsynced(place)?.in_plain_text()),
        "forgetful" => Arc::new(Flawed::forgetful(place)?.in_plain_text()),
        other => panic!("there is no store of kind {other}"),
    })
}
