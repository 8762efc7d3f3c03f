//! The server is away, with an engine over the store.

use std::time::Duration;

use auth_core::{Cached, ErrorKind, TokenStore, store::save_login};
use auth_store::Backend;
use auth_testkit::{ManualClock, ScriptedGrant};

use super::{HOUR, access, key, login, open, plain, serving, soon, stored};
use crate::servers::redis::RedisServer;

/// Lets time pass until the engine has saved what it could not save before.
pub(super) async fn saved(source: &Cached, clock: &ManualClock, store: &dyn TokenStore) {
    soon(async {
        while source.status().unsaved {
            // A real server takes real time: short steps, each as long as some answers.
            clock.advance(Duration::from_secs(1));
            for _ in 0..4 {
                let _ = store.load(&key()).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn fault_56_a_killed_server_comes_back_with_everything_it_acknowledged() {
    let mut server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    for round in 0..10 {
        let refresh = format!("r-{round}");
        save_login(&store, &key(), &login(&refresh)).await.unwrap();
        server.kill();
        let error = store.load(&key()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        server.restart();
        // The handle is the one from before, and needs no second try.
        assert_eq!(stored(&store).await, Some(refresh));
    }
}

#[tokio::test]
async fn fault_56_while_the_server_is_away_tokens_are_served_and_new_ones_are_saved_later() {
    let mut server = RedisServer::start();
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2");
    let store = plain(&server, &clock).await;
    let source = serving(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    server.kill();
    assert_eq!(access(&source).await, "a");
    clock.advance(HOUR);
    assert_eq!(soon(access(&source)).await, "b");
    assert!(grant.seen()[1].presents("r-1"));
    assert!(source.status().unsaved);
    server.restart();
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
    saved(&source, &clock, &store).await;
    assert_eq!(stored(&store).await.as_deref(), Some("r-2"));
    assert_eq!(grant.calls(), 2);
}

#[tokio::test]
async fn fault_56_a_flushed_server_ends_logins_and_its_numbers_go_on() {
    let server = RedisServer::start();
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.rotates_to("a", HOUR, "r-1").issues("anonymous", HOUR);
    let store = plain(&server, &clock).await;
    let before = save_login(&store, &key(), &login("r-0")).await.unwrap();
    let source = serving(&grant, &clock).store(store.clone(), key()).build();
    assert_eq!(access(&source).await, "a");
    let _: String = server.run("FLUSHALL").await;
    assert_eq!(access(&source).await, "a");
    clock.advance(HOUR);
    // What was stored is gone, so somebody ended the login: its copy in memory is not sent.
    assert_eq!(soon(access(&source)).await, "anonymous");
    assert!(!grant.seen()[1].has_refresh());
    let after = store.load(&key()).await.unwrap().unwrap().version;
    assert!(after > before, "{after} after {before}");
}

#[tokio::test]
async fn fault_56_a_lease_outlives_the_connection_on_which_it_was_taken() {
    let mut server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    let version = lease.save(None, &login("r-1")).await.unwrap();
    server.restart();
    lease.renew().await.unwrap();
    lease.save(Some(version), &login("r-2")).await.unwrap();
    let _: u64 = server.run("CLIENT KILL TYPE normal").await;
    assert!(lease.load().await.unwrap().is_some());
    lease.release().await.unwrap();
    soon(store.lease(&key())).await.unwrap();
}

#[tokio::test]
async fn idle_connections_that_the_server_closes_are_not_noticed() {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    save_login(&store, &key(), &login("r")).await.unwrap();
    for _ in 0..20 {
        let _: u64 = server.run("CLIENT KILL TYPE normal").await;
        assert_eq!(stored(&store).await.as_deref(), Some("r"));
    }
}
