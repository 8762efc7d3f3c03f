//! Fault 55: what becomes of a server, and what becomes of the login then.
//!
//! | what happens | what the store says | what the engine does |
//! | --- | --- | --- |
//! | stopped or in recovery, between renewals | `Unavailable` | serves the token; renews from memory, saves later |
//! | stopped or killed, within a renewal | a conflict: the lock is lost | serves the new token, saves it later |
//! | restarted, between renewals | nothing: connections are made anew | nothing |
//! | no connection free | `Unavailable`, code `pool_exhausted` | as if it were stopped |

use std::time::Duration;

use auth_core::{ErrorKind, Secret, StoreKey, TokenSet, TokenStore, store::CONFLICT};
use auth_store::{Backend, Slot, Value};

use crate::servers::postgres::PostgresServer;

use super::{
    config, connect, key,
    login::{Login, PATIENCE},
    plain, until_quiet,
};

const DATABASE: &str = "postgres";

/// Stops the server in the given way between two renewals, and within one.
async fn survives(mode: &str) {
    let server = PostgresServer::start();
    let url = server.url(DATABASE);
    let store = connect(&url).await;
    let mut login = Login::new(store.clone());
    login.begins().await;

    server.restart(mode);
    login.renews().await;
    assert_eq!(login.told("unsaved"), 0, "a restart is not even noticed");

    server.stop(mode);
    login.still_serves().await;
    let error = store.read(&key()).await.expect_err("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(std::error::Error::source(&error).is_none());
    login.renews().await;
    assert_eq!(login.told("unsaved"), 1);
    server.resume();
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;

    login.renews_while(async { server.restart(mode) }).await;
    assert_eq!(login.told("unsaved"), 2);
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;
    until_quiet(&server, DATABASE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_fast_restart() {
    survives("fast").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_immediate_restart() {
    survives("immediate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_connections_killed_within_a_renewal() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    let mut login = Login::new(connect(&url).await);
    login.begins().await;
    let kill = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    );
    let killed = async { assert!(server.ask("postgres", &kill).await > 0) };
    login.renews_while(killed).await;
    assert_eq!(login.told("unsaved"), 1);
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;
    until_quiet(server, &database).await;
}

/// Somebody else saves after the lock was lost: the one who lost it must not write over that.
#[tokio::test(flavor = "multi_thread")]
async fn fault_55_a_lock_that_was_lost_is_noticed_before_a_write() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let store = plain(&server.url(&database)).await;
    let set = TokenSet::login(Secret::from("made-up"));
    let mut lost = store.lease(&key()).await.expect("it is free");
    let version = lost.save(None, &set).await.expect("it is ours");
    let lock = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(server.ask(&database, lock).await, 1);
    let error = lost
        .save(Some(version), &set)
        .await
        .expect_err("the lock is gone");
    assert_eq!(error.code(), Some(CONFLICT), "{error}");
    let error = lost.renew().await.expect_err("the lock is gone");
    assert_eq!(error.code(), Some(CONFLICT), "{error}");
    assert!(lost.load().await.is_ok(), "reading needs no lock");
    let mut next = store
        .lease(&StoreKey::new(["other"]))
        .await
        .expect("it is free");
    next.renew().await.expect("it is held");
}

/// The lock is lost while a write is under way: the next holder must see what becomes of it.
#[tokio::test(flavor = "multi_thread")]
async fn fault_55_the_next_holder_waits_for_a_write_under_way() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    let (store, other) = (connect(&url).await, connect(&url).await);
    // Writes wait until the story lets them go on.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$; \
                CREATE TRIGGER slow BEFORE INSERT ON auth_logins \
                FOR EACH ROW EXECUTE FUNCTION slow()";
    server.run(&database, slow).await;
    let mut gate = server.session(&database).await;
    let shut = sqlx::query("SELECT pg_advisory_lock(42)")
        .execute(&mut gate)
        .await;
    shut.expect("it is free");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let until_waiting = async |count| {
        let waiting = async {
            while server.ask(&database, locks).await != count {
                tokio::task::yield_now().await;
            }
        };
        let waiting = tokio::time::timeout(PATIENCE, waiting).await;
        waiting.unwrap_or_else(|_| panic!("there are never {count} that wait"));
    };

    let mut slot = store.lock(&key()).await.expect("it is free");
    let value = Value::new(1_000_000, Secret::from("{}"));
    let write = tokio::spawn(async move { slot.write(None, &value).await.map(|()| slot) });
    until_waiting(1).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE datname = current_database() AND state = 'idle in transaction'";
    assert_eq!(server.ask(&database, kill).await, 1);
    let next = tokio::spawn(async move {
        let mut slot = other.lock(&key()).await?;
        slot.read().await
    });
    until_waiting(2).await;
    assert!(!next.is_finished());
    let opened = sqlx::query("SELECT pg_advisory_unlock(42)")
        .execute(&mut gate)
        .await;
    opened.expect("it is held");
    let found = next.await.expect("no panic").expect("the lock is free");
    assert_eq!(found.map(|value| value.version), Some(1_000_000));
    assert!(write.await.expect("no panic").is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_server_in_recovery() {
    let server = PostgresServer::start();
    let url = server.url(DATABASE);
    let store = connect(&url).await;
    let mut login = Login::new(store.clone());
    login.begins().await;

    server.becomes_standby();
    server.restart("fast");
    login.still_serves().await;
    assert!(store.read(&key()).await.is_ok(), "reading changes nothing");
    let locked = store
        .lock(&key())
        .await
        .expect_err("nothing can be written");
    let connected = config(&url)
        .connect()
        .await
        .expect_err("nothing can be written");
    for error in [locked, connected] {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert_eq!(error.code(), Some("25006"), "{error}");
    }
    login.renews().await;
    assert_eq!(login.told("unsaved"), 1);

    server.becomes_primary();
    server.restart("fast");
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_database_made_read_only() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    let mut login = Login::new(connect(&url).await);
    login.begins().await;
    let read_only = |value: &str| {
        format!("ALTER DATABASE {database} SET default_transaction_read_only = {value}")
    };
    server.run("postgres", &read_only("on")).await;
    // It counts for sessions that begin from now on.
    let ended = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    server.ask("postgres", &ended).await;
    let error = connect(&url)
        .await
        .lock(&key())
        .await
        .expect_err("nothing can be written");
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, Some("25006"))
    );
    login.renews().await;
    assert_eq!(login.told("unsaved"), 1);
    server.run("postgres", &read_only("off")).await;
    server.ask("postgres", &ended).await;
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;
}

/// A process that is stopped holds a key: those who wait for it keep no connection from those who want another key.
#[tokio::test(flavor = "multi_thread")]
async fn fault_55_who_waits_for_a_key_is_in_nobodys_way() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    let stopped = connect(&url).await;
    let held = stopped.lock(&key()).await.expect("it is free");
    let small = config(&url).lock_connections(1).connect().await;
    let small = small.expect("the server is there");
    let (store, wanted) = (small.clone(), key());
    let waits = tokio::spawn(async move { store.lock(&wanted).await?.release().await });
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while server.ask(&database, locks).await == 0 {
        tokio::task::yield_now().await;
    }
    for name in ["one", "two", "three"] {
        let slot = small
            .lock(&StoreKey::new([name]))
            .await
            .expect("a connection is lent");
        slot.release().await.expect("it is held");
    }
    assert!(!waits.is_finished());
    held.release().await.expect("it is held");
    let waited = tokio::time::timeout(PATIENCE, waits).await;
    let waited = waited.expect("it is free").expect("no panic");
    waited.expect("it is locked in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_pool_exhausted() {
    let server = PostgresServer::shared();
    let url = server.url(&server.database().await);
    let small = config(&url)
        .lock_connections(1)
        .data_connections(1)
        .acquire_timeout(Duration::from_millis(100));
    let store = small.connect().await.expect("the server is there");
    let mut login = Login::new(store.clone());
    login.begins().await;

    let other = store.clone().in_plain_text();
    let lease = other
        .lease(&StoreKey::new(["other"]))
        .await
        .expect("it is free");
    let error = other
        .lease(&StoreKey::new(["third"]))
        .await
        .map(drop)
        .expect_err("no connection is left");
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, Some("pool_exhausted"))
    );
    login.still_serves().await;
    login.renews().await;
    assert_eq!(login.told("unsaved"), 1);
    lease.release().await.expect("it is held");
    login.is_saved_later().await;
    login.is_stored_in(&plain(&url).await).await;
}
