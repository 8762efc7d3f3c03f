//! The store in PostgreSQL, against a real server.

mod cancelled;
mod faults;
mod killed;
mod login;
mod migration;
mod pooler;
mod secrets;

use auth_core::{StoreKey, TokenStore};
use auth_store::{Backend, Durable};
use auth_store_postgres::{PostgresConfig, PostgresStore};
use auth_testkit::contract::{StoreFixture, token_store};

use crate::servers::postgres::PostgresServer;

fn key() -> StoreKey {
    StoreKey::new(["example", "client", "alice"])
}

fn config(url: &str) -> PostgresConfig {
    PostgresConfig::from_url(url).expect("the address is one")
}

async fn connect(url: &str) -> PostgresStore {
    let store = config(url).connect().await;
    store.expect("the server is there")
}

async fn plain(url: &str) -> Durable<PostgresStore> {
    connect(url).await.in_plain_text()
}

/// Waits until nobody but the story itself is in the database: no session that waits, none with a transaction.
async fn until_quiet(server: &PostgresServer, database: &str) {
    let busy = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
         AND pid <> pg_backend_pid() AND state <> 'idle'"
    );
    let quiet = async {
        while server.ask("postgres", &busy).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    let quiet = tokio::time::timeout(patience, quiet).await;
    quiet.unwrap_or_else(|_| panic!("a transaction stays open:\n{}", server.log()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_of_a_token_store_is_kept() {
    let server = PostgresServer::shared();
    let url = server.url(&server.database().await);
    token_store(&StoreFixture::new(plain(&url).await, plain(&url).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_kept_sealed_and_in_a_schema() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    server
        .run(&database, r#"CREATE SCHEMA "o'dd ""\name""#)
        .await;
    let keys = auth_store::Keys::generate("one").expect("the system has randomness");
    let open = async || {
        let config = config(&server.url(&database)).schema("o'dd \"\\name");
        let store = config.connect().await.expect("the server is there");
        store.sealed(keys.clone())
    };
    token_store(&StoreFixture::new(open().await, open().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_of_each_kind_is_enough() {
    let server = PostgresServer::shared();
    let url = server.url(&server.database().await);
    let small = config(&url).lock_connections(1).data_connections(1);
    let store = small
        .connect()
        .await
        .expect("the server is there")
        .in_plain_text();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (store, name) = (store.clone(), (number % 4).to_string());
        tasks.spawn(async move {
            let key = StoreKey::new(["small", &name]);
            let mut lease = store.lease(&key).await?;
            lease.load().await?;
            lease.renew().await?;
            lease.release().await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.expect("nobody waits for ever");
    }
}
