//! How the table comes to be, and what is refused.

use auth_core::{Error, ErrorKind, Secret, TokenSet, TokenStore, store::save_login};
use auth_store::Backend;
use tokio::task::JoinSet;

use crate::servers::postgres::PostgresServer;

use super::{config, connect, key};

const BY_HAND: &str = include_str!("../../../../../crates/auth-store-postgres/migrations/1.sql");

/// Lets one more program connect, which leaves the table as it is.
async fn refused(url: &str) -> Error {
    let error = config(url).connect().await.expect_err("it is refused");
    assert!(std::error::Error::source(&error).is_none());
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_make_the_table_once() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let mut replicas = JoinSet::new();
    for _ in 0..8 {
        let url = server.url(&database);
        replicas.spawn(async move { config(&url).connect().await.map(drop) });
    }
    for outcome in replicas.join_all().await {
        outcome.expect("each of them starts");
    }
    let versions = "SELECT count(*) FROM auth_logins_schema";
    assert_eq!(server.ask(&database, versions).await, 1);
    connect(&server.url(&database)).await;
    assert_eq!(server.ask(&database, versions).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_newer_version_is_refused() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    connect(&url).await;
    let newer = "INSERT INTO auth_logins_schema VALUES (2)";
    server.run(&database, newer).await;
    let error = refused(&url).await;
    let found = (error.kind(), error.code());
    assert_eq!(found, (ErrorKind::Configuration, Some("newer_schema")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_by_hand_serves_a_role_with_few_rights() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let url = server.url(&database);
    let error = config(&url).without_migration().connect().await;
    let error = error.expect_err("there is no table");
    let found = (error.kind(), error.code());
    assert_eq!(found, (ErrorKind::Configuration, Some("outdated_schema")));

    server.run(&database, BY_HAND).await;
    let role = format!("service_{database}");
    let rights = format!(
        "CREATE ROLE {role} LOGIN; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON auth_logins TO {role}; \
         GRANT SELECT ON auth_logins_schema TO {role}; \
         GRANT USAGE, UPDATE ON SEQUENCE auth_logins_numbers TO {role}"
    );
    server.run(&database, &rights).await;
    let url = url.replace("postgres@", &format!("{role}@"));
    let set = TokenSet::login(Secret::from("made-up"));
    for config in [config(&url), config(&url).without_migration()] {
        let store = config.connect().await.expect("the table is there");
        let saved = save_login(&store.in_plain_text(), &key(), &set).await;
        saved.expect("the role may write");
    }

    let revoked = format!("REVOKE ALL ON SEQUENCE auth_logins_numbers FROM {role}");
    server.run(&database, &revoked).await;
    let store = connect(&url).await;
    let error = store
        .lock(&key())
        .await
        .expect_err("it may not take numbers");
    let found = (error.kind(), error.code());
    assert_eq!(found, (ErrorKind::Configuration, Some("42501")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_a_crash_empties_is_refused() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let unlogged = BY_HAND.replace(
        "CREATE TABLE auth_logins (",
        "CREATE UNLOGGED TABLE auth_logins (",
    );
    assert_ne!(unlogged, BY_HAND);
    server.run(&database, &unlogged).await;
    let error = refused(&server.url(&database)).await;
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loses_what_it_acknowledged_is_refused() {
    let server = PostgresServer::start();
    server.settings("fsync = off\n");
    server.restart("fast");
    let url = server.url("postgres");
    let error = refused(&url).await;
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    let store = config(&url).dangerous_without_fsync().connect().await;
    store.expect("it was asked for");

    server.settings("fsync = on\nfull_page_writes = off\n");
    server.restart("fast");
    let error = refused(&url).await;
    assert!(error.to_string().contains("full_page_writes"), "{error}");
}

/// The sequence does not come with the rows of logical replication, nor with a table that is restored by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_is_behind_the_versions_is_set_above_them() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let store = connect(&server.url(&database)).await.in_plain_text();
    let set = TokenSet::login(Secret::from("made-up"));
    let other = auth_core::StoreKey::new(["other"]);
    for _ in 0..5 {
        save_login(&store, &other, &set).await.expect("it is free");
    }
    let mut version = save_login(&store, &key(), &set).await.expect("it is free");
    server
        .run(&database, "SELECT setval('auth_logins_numbers', 1, false)")
        .await;
    for key in [&key(), &other, &key()] {
        let before = store.load(key).await.expect("it is there");
        let before = before.expect("it is there").version;
        let saved = save_login(&store, key, &set).await;
        let saved = saved.expect("a login is not lost for its number");
        assert!(saved > before, "{saved} after {before}");
        version = version.max(saved);
    }
    let last = "SELECT last_value FROM auth_logins_numbers";
    assert!(server.ask(&database, last).await >= i64::try_from(version / 1024).unwrap());
}

/// The role's own setting would acknowledge what is not on disk yet.
#[tokio::test(flavor = "multi_thread")]
async fn commits_wait_for_the_disk_whatever_the_default_is() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let off = format!("ALTER DATABASE {database} SET synchronous_commit = off");
    server.run("postgres", &off).await;
    let url = server.url(&database);
    let store = connect(&url).await;
    let watch = "CREATE FUNCTION settled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF current_setting('synchronous_commit') <> 'on' THEN RAISE 'too early'; END IF; \
                 RETURN NEW; END $$; \
                 CREATE TRIGGER settled BEFORE INSERT OR UPDATE ON auth_logins \
                 FOR EACH ROW EXECUTE FUNCTION settled()";
    server.run(&database, watch).await;
    let set = TokenSet::login(Secret::from("made-up"));
    let saved = save_login(&store.in_plain_text(), &key(), &set).await;
    saved.expect("it is on disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_encoding_is_refused() {
    let server = PostgresServer::shared();
    let latin = "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'";
    server.run("postgres", latin).await;
    let error = refused(&server.url("latin")).await;
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_come_in_is_told_why_and_nothing_is_quoted() {
    let server = PostgresServer::start();
    server.admit("host all stranger 127.0.0.1/32 scram-sha-256");
    server
        .run("postgres", "CREATE ROLE stranger LOGIN PASSWORD 'another'")
        .await;
    let url = server.url("canary_database");
    let error = refused(&url).await;
    let found = (error.kind(), error.code());
    assert_eq!(found, (ErrorKind::Configuration, Some("3D000")));
    assert!(!format!("{error}{error:?}").contains("canary"));
    let url = server
        .url("postgres")
        .replace("postgres@", "stranger:canary@");
    let error = refused(&url).await;
    let found = (error.kind(), error.code());
    assert_eq!(found, (ErrorKind::Configuration, Some("28P01")));
    assert!(!format!("{error}{error:?}").contains("canary"));
    server.stop("fast");
    let error = refused(&server.url("postgres")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    server.resume();
}
