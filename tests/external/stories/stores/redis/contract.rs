//! What every store must do.

use std::time::Duration;

use auth_core::{TokenStore, store::save_login};
use auth_store::{Backend, Keys};
use auth_store_redis::RedisStore;
use auth_testkit::contract::{self, StoreFixture};

use super::{key, login, open};
use crate::servers::redis::RedisServer;

#[tokio::test]
async fn two_handles_keep_the_contract() {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let other = open(&server).await.in_plain_text();
    contract::token_store(&fixture(store, other)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_keep_the_contract_sealed_and_on_several_threads() {
    let server = RedisServer::start();
    let keys = Keys::generate("1").unwrap();
    let other = Keys::from_text(&keys.expose()).unwrap();
    let store = open(&server).await.sealed(keys);
    let other = open(&server).await.sealed(other);
    contract::token_store(&fixture(store, other)).await;
}

fn fixture(store: impl TokenStore + 'static, other: impl TokenStore + 'static) -> StoreFixture {
    // Every change goes to a disk that others use at the same time.
    StoreFixture::new(store, other).patience(Duration::from_secs(60))
}

#[tokio::test]
async fn stores_with_different_prefixes_know_nothing_of_each_other() {
    let server = RedisServer::start();
    let mut stores = Vec::new();
    for prefix in ["auth", "auth2", "a?t[h]*", "a\\"] {
        let store = RedisStore::builder(server.url()).prefix(prefix);
        stores.push(store.connect().await.unwrap().in_plain_text());
    }
    for (number, store) in stores.iter().enumerate() {
        assert_eq!(store.list().await.unwrap(), []);
        save_login(store, &key(), &login(&number.to_string()))
            .await
            .unwrap();
    }
    for (number, store) in stores.iter().enumerate() {
        assert_eq!(store.list().await.unwrap(), [key()]);
        let found = store.load(&key()).await.unwrap().unwrap();
        assert_eq!(found.set.refresh().unwrap().expose(), number.to_string());
    }
    let refused = RedisStore::builder(server.url()).prefix("{a}").connect();
    assert!(refused.await.is_err());
}
