//! Servers that refuse, forget, or lead elsewhere.

use std::{fs, path::Path};

use auth_core::{
    Error, ErrorKind, TokenStore,
    store::{CONFLICT, save_login},
};
use auth_store::Backend;

use super::{key, login, open, soon, stored};
use crate::servers::redis::RedisServer;

fn refused<T>(outcome: Result<T, Error>, code: &str) {
    let error = outcome.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), Some(code));
}

#[tokio::test]
async fn fault_56_a_replica_that_was_promoted_without_the_last_writes_is_not_overwritten_blindly() {
    let mut server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    save_login(&store, &key(), &login("r-1")).await.unwrap();
    // The log is whole after every answer, so its copy is what a replica had at this moment.
    let (data, older) = (
        server.folder().join("appendonlydir"),
        server.folder().join("older"),
    );
    copy(&data, &older);
    let mut lease = store.lease(&key()).await.unwrap();
    let first = lease.load().await.unwrap().unwrap().version;
    let second = lease.save(Some(first), &login("r-2")).await.unwrap();
    server.kill();
    copy(&older, &data);
    server.restart();
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    refused(lease.save(Some(second), &login("r-3")).await, CONFLICT);
    refused(lease.remove(second).await, CONFLICT);
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    // The lock was lost, too, and what the next holder is given is still higher than what was.
    let mut next = store.lease(&key()).await.unwrap();
    assert!(next.next_version() > second);
    refused(lease.save(Some(first), &login("r-3")).await, CONFLICT);
    let third = next.save(Some(first), &login("r-4")).await.unwrap();
    assert!(third > second);
    next.release().await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("r-4"));
}

/// Makes `to` hold what `from` holds, and nothing else.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    RedisServer::give(to);
}

#[tokio::test]
async fn fault_56_a_master_that_becomes_a_replica_is_waited_for() {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.save(None, &login("r-1")).await.unwrap();
    // Port 1 has no master, so nothing is replaced.
    let _: String = server.run("REPLICAOF 127.0.0.1 1").await;
    refused(lease.save(Some(version), &login("r-2")).await, "READONLY");
    refused(store.lease(&key()).await, "READONLY");
    refused(store.load(&key()).await, "READONLY");
    let _: String = server.run("REPLICAOF NO ONE").await;
    lease.save(Some(version), &login("r-2")).await.unwrap();
    lease.release().await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
}

#[tokio::test]
async fn fault_56_a_server_without_memory_refuses_and_forgets_nothing() {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.save(None, &login("r-1")).await.unwrap();
    let _: String = server.run("CONFIG SET maxmemory 1").await;
    refused(lease.save(Some(version), &login("r-2")).await, "OOM");
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    let _: String = server.run("CONFIG SET maxmemory 0").await;
    lease.save(Some(version), &login("r-2")).await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
}

#[tokio::test]
async fn a_cluster_keeps_all_of_a_login_on_one_node() {
    let server = RedisServer::with(&[("cluster-enabled", "yes")]);
    let store = open(&server).await.in_plain_text();
    refused(store.lease(&key()).await, "CLUSTERDOWN");
    let _: String = server.run("CLUSTER ADDSLOTSRANGE 0 16383").await;
    soon(async { while store.load(&key()).await.is_err() {} }).await;
    let version = save_login(&store, &key(), &login("r-1")).await.unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    lease.renew().await.unwrap();
    lease.remove(version).await.unwrap();
    lease.release().await.unwrap();
    assert_eq!(store.list().await.unwrap(), []);
}

#[tokio::test]
async fn somebody_elses_key_under_the_name_of_a_login_is_left_alone() {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let name = "auth:{/redis/alice}:login";
    let _: String = server.run(&format!("SET {name} canary-4711")).await;
    for outcome in [
        store.load(&key()).await.map(drop),
        save_login(&store, &key(), &login("r")).await.map(drop),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.code(), Some("WRONGTYPE"));
    }
    assert_eq!(
        server.run::<String>(&format!("GET {name}")).await,
        "canary-4711"
    );
    let _: u64 = server.run(&format!("DEL {name}")).await;
    let _: u64 = server
        .run(&format!("HSET {name} version canary body x"))
        .await;
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(!format!("{error:?}").contains("canary"));
}
