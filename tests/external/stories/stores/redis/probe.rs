//! Servers that may lose what they acknowledge are refused.

use auth_core::{Error, ErrorKind, TokenStore, store::save_login};
use auth_store::Backend;
use auth_store_redis::{RedisStore, WEAK_DURABILITY};

use super::{key, login, open, soon};
use crate::servers::redis::RedisServer;

fn refused(error: &Error, line: &str) {
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.code(), Some(WEAK_DURABILITY));
    assert!(error.to_string().contains(line), "{error}");
}

#[tokio::test]
async fn each_weak_setting_is_refused_with_the_line_that_mends_it() {
    for (name, weak, mended) in [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("appendfsync", "no", "always"),
        ("no-appendfsync-on-rewrite", "yes", "no"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ("maxmemory-policy", "volatile-ttl", "noeviction"),
    ] {
        let server = RedisServer::with(&[(name, weak)]);
        let line = format!("CONFIG SET {name} {mended}");
        refused(&RedisStore::connect(server.url()).await.unwrap_err(), &line);

        let accepted = RedisStore::builder(server.url()).accept_weak_durability();
        let store = accepted.connect().await.unwrap().in_plain_text();
        save_login(&store, &key(), &login("r")).await.unwrap();

        let _: String = server.run(&line).await;
        // The log that was turned on is made first.
        soon(async { while RedisStore::connect(server.url()).await.is_err() {} }).await;
    }
}

#[tokio::test]
async fn a_log_that_is_still_made_is_no_log() {
    let mut server = RedisServer::with(&[("appendonly", "no")]);
    let _: String = server.run("SET some thing").await;
    // Microseconds for each key: long enough to look in between.
    let _: String = server.run("CONFIG SET rdb-key-save-delay 3000000").await;
    let _: String = server.run("CONFIG SET appendonly yes").await;
    let error = RedisStore::connect(server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), Some(WEAK_DURABILITY));
    assert!(error.to_string().contains("wait for the rewrite"));
    soon(async { while RedisStore::connect(server.url()).await.is_err() {} }).await;
    let store = open(&server).await.in_plain_text();
    save_login(&store, &key(), &login("r")).await.unwrap();
    server.change("appendonly", "yes");
    server.restart();
    assert!(store.load(&key()).await.unwrap().is_some());
    // Later rewrites of the log are in nobody's way.
    let _: String = server.run("CONFIG SET rdb-key-save-delay 3000000").await;
    let _: String = server.run("BGREWRITEAOF").await;
    open(&server).await;
}

#[tokio::test]
async fn all_that_is_weak_is_named_at_once() {
    let server = RedisServer::with(&[("appendonly", "no"), ("appendfsync", "no")]);
    let error = RedisStore::connect(server.url()).await.unwrap_err();
    refused(
        &error,
        "CONFIG SET appendonly yes, CONFIG SET appendfsync always,",
    );
}

#[tokio::test]
async fn settings_that_cannot_be_seen_are_refused_too() {
    let server = RedisServer::start();
    for rules in ["+@all -config", "+@all -config|get", "+@all -info"] {
        let command = format!("ACL SETUSER blind reset on >made-up ~* {rules}");
        let _: String = server.run(&command).await;
        let url = format!("redis://blind:made-up@127.0.0.1:{}", server.port());
        let error = RedisStore::connect(&*url).await.unwrap_err();
        refused(&error, "accept_weak_durability()");
        let accepted = RedisStore::builder(&*url).accept_weak_durability();
        let store = accepted.connect().await.unwrap().in_plain_text();
        save_login(&store, &key(), &login("r")).await.unwrap();
    }
}

#[tokio::test]
async fn the_rights_that_the_readme_names_are_enough() {
    let server = RedisServer::start();
    let readme = include_str!("../../../../../crates/auth-store-redis/README.md");
    let line = readme.lines().find(|line| line.starts_with("ACL SETUSER"));
    let _: String = server.run(line.expect("the rights are named")).await;
    let url = format!("redis://auth:made-up@127.0.0.1:{}/0", server.port());
    let store = RedisStore::connect(url).await.unwrap().in_plain_text();
    let version = save_login(&store, &key(), &login("r")).await.unwrap();
    assert_eq!(store.list().await.unwrap(), [key()]);
    let mut lease = store.lease(&key()).await.unwrap();
    lease.renew().await.unwrap();
    lease.remove(version).await.unwrap();
    lease.release().await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_weaker_is_refused_then() {
    let mut server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    save_login(&store, &key(), &login("r")).await.unwrap();
    server.change("appendfsync", "everysec");
    server.restart();
    let error = store.load(&key()).await.unwrap_err();
    refused(&error, "CONFIG SET appendfsync always");
    let _: String = server.run("CONFIG SET appendfsync always").await;
    assert!(store.load(&key()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wrong_password_is_a_mistake_of_the_configuration_and_is_not_repeated() {
    let server = RedisServer::start();
    let port = server.port();
    for (url, code) in [
        (format!("redis://:wrong-4711@127.0.0.1:{port}"), "WRONGPASS"),
        (
            format!("redis://some:wrong-4711@127.0.0.1:{port}"),
            "WRONGPASS",
        ),
        (format!("redis://127.0.0.1:{port}"), "NOAUTH"),
    ] {
        let error = RedisStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.code(), Some(code));
        assert!(!format!("{error} {error:?}").contains("4711"));
    }
    let port = "redis://:wrong-4711@127.0.0.1:port";
    for url in [port, "wrong-4711", "rediss://:wrong-4711@127.0.0.1:1"] {
        let builder = RedisStore::builder(url);
        assert!(!format!("{builder:?}").contains("4711"));
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error} {error:?}").contains("4711"));
    }
}
