//! The types of the stores.

use std::path::Path;

use auth_core::{
    Intent, MemoryStore, Record, Secret, StoreKey, SystemClock, TokenStore, store::save_login,
};
use auth_store::{
    Backend, DataKey, KeyMaterial, Keys, LockFolder, OnExisting, Slot, Turns, Value, copy_all,
};
use auth_store_file::FileStore;
use auth_store_keyring::KeyringStore;
use auth_store_postgres::{PostgresConfig, PostgresStore};
use auth_store_redis::RedisStore;
use auth_store_sqlite::SqliteStore;
use base64::{Engine, engine::general_purpose::STANDARD};
use keyring_core::mock;
use url::form_urlencoded::byte_serialize;

use super::{Shown, core};
use crate::secrets::Planted;

/// A key that is found in whichever way it is written down.
const KEY: &[u8; 32] = b"KanarieVogel_data_key_of_bytes!!";

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    intents(planted, shown);
    keys(shown);
    shared(planted, shown, &place("locks")).await;
    servers(planted, shown).await;

    let files = FileStore::open(place("files")).unwrap();
    backend(planted, shown, files).await;
    let database = SqliteStore::open(place("logins.db")).await.unwrap();
    backend(planted, shown, database).await;
    let keyring = mock::Store::new().unwrap();
    let keyring = KeyringStore::with_store("stories", keyring, place("keyring")).unwrap();
    backend(planted, shown, keyring).await;
}

fn key() -> StoreKey {
    StoreKey::new(["demo", "account"])
}

fn intents(planted: &Planted, shown: &mut Shown) {
    let intent = Intent::new(std::time::SystemTime::now(), 7);
    let record = Record::new(core::set(planted), 1);
    shown.show(&record.with_intent(Some(intent.clone())));
    shown.show(&intent);
}

fn keys(shown: &mut Shown) {
    let text = || Secret::from(STANDARD.encode(KEY));
    shown.show(&KeyMaterial::from(*KEY));
    shown.show(&KeyMaterial::from(text()));
    shown.show(&DataKey::new("first", *KEY).unwrap());
    let keys = Keys::new("first", *KEY).unwrap();
    let keys = keys.also_reads("second", text()).unwrap();
    shown.show(&keys);
    shown.show(&keys.expose());
    let wrong = Secret::from(format!("first:{}=", text().expose()));
    let refused = [
        Keys::from_text(&wrong).unwrap_err(),
        DataKey::new("first", wrong).unwrap_err(),
        keys.also_reads("second", *KEY).unwrap_err(),
    ];
    for error in &refused {
        shown.surfaces.error("auth_store::Keys", error);
    }
}

/// What stores share, over a store in memory.
async fn shared(planted: &Planted, shown: &mut Shown, locks: &Path) {
    let locks = LockFolder::open(locks).unwrap();
    shown.show(&locks);
    shown.show(locks.folder());
    let mut lock = locks.lock(&key()).await.unwrap();
    shown.show(lock.numbers());
    shown.show(&lock);
    let turns = Turns::default();
    shown.show(&turns.wait(&key()).await);
    shown.show(&turns);
    shown.show(&Value::new(1, Secret::from(&*planted.refresh)));

    let inner = MemoryStore::new();
    let sealed = auth_store::Sealed::new(inner.clone(), Keys::new("first", *KEY).unwrap());
    save_login(&sealed, &key(), &core::set(planted))
        .await
        .unwrap();
    // What is sealed is wrapped as a token, whose beginning must not be shown either.
    shown.show(&inner.load(&key()).await.unwrap());
    shown.show(&sealed.clock(SystemClock::new()));
    let stranger = auth_store::Sealed::new(inner.clone(), Keys::generate("first").unwrap());
    let copied = copy_all(&stranger, &MemoryStore::new(), OnExisting::Keep).await;
    let copied = copied.unwrap();
    assert_eq!(copied.failed.len(), 1, "it is another key");
    shown
        .surfaces
        .error("auth_store::Copied", &copied.failed[0].1);
    shown.show(&copied);
    let resealed = stranger.reseal().await.unwrap();
    assert_eq!(resealed.failed.len(), 1, "it is another key");
    shown
        .surfaces
        .error("auth_store::Resealed", &resealed.failed[0].1);
    shown.show(&resealed);
}

/// A store that needs no server, and a lock on it, with a login inside.
async fn backend<B: Backend + Clone + std::fmt::Debug>(
    planted: &Planted,
    shown: &mut Shown,
    backend: B,
) where
    B::Slot: std::fmt::Debug,
{
    let plain = backend.clone().in_plain_text();
    save_login(&plain, &key(), &core::set(planted))
        .await
        .unwrap();
    let sealed = backend.clone().sealed(Keys::new("first", *KEY).unwrap());
    // Its error must not quote what it found.
    let error = sealed.load(&key()).await.unwrap_err();
    shown.surfaces.error("a record in plain text", &error);
    shown.show(&plain);
    shown.show(&sealed);
    let mut slot = backend.lock(&key()).await.unwrap();
    shown.show(&slot.read().await.unwrap().expect("it was saved"));
    shown.show(&slot);
    let late = Value::new(1, Secret::from(&*planted.refresh));
    let error = slot.write(None, &late).await.unwrap_err();
    shown.surfaces.error("a write that came too late", &error);
    slot.release().await.unwrap();
    shown.show(&backend);
}

/// How servers are reached, and what is said where they are not.
async fn servers(planted: &Planted, shown: &mut Shown) {
    let password: String = byte_serialize(planted.password.as_bytes()).collect();
    let user: String = byte_serialize(planted.user.as_bytes()).collect();
    // Nobody listens at port 1 of this machine, and nobody but root could.
    let rest = format!("{user}:{password}@127.0.0.1:1");

    let address = format!("postgres://{rest}/logins");
    let config = PostgresConfig::from_url(&address).unwrap();
    shown.show(&config);
    shown.show(&config.schema("auth").lock_connections(2));
    let refused = [
        address.clone(),
        format!("{address}?passwort={password}"),
        format!("postgres://{user}:{password}@[::1/logins"),
        format!("postgres://{rest}x/logins"),
    ];
    for address in &refused {
        let error = PostgresStore::connect(address).await.unwrap_err();
        shown.surfaces.error("auth_store_postgres", &error);
    }

    shown.show(&RedisStore::builder(format!("redis://{rest}/0")));
    let refused = [
        format!("redis://{rest}/0"),
        format!("redis://{rest}x/0"),
        format!("redis://{rest}/{password}"),
        format!("rediss://{rest}/0"),
        format!("http://{rest}"),
        planted.password.clone(),
    ];
    for address in refused {
        let error = RedisStore::connect(address).await.unwrap_err();
        shown.surfaces.error("auth_store_redis", &error);
    }
}
