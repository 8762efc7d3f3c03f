//! Leases end with time; what is stored does not suffer from that.

use std::time::Duration;

use auth_core::{
    ErrorKind, TokenStore,
    store::{CONFLICT, save_login},
};
use auth_store::{Backend, Durable};
use auth_store_redis::RedisStore;
use auth_testkit::{Gate, ManualClock, ScriptedGrant};

use super::{HOUR, access, key, login, open, plain, serving, soon, stored};
use crate::servers::redis::RedisServer;

const SHORT: Duration = Duration::from_millis(300);

/// A store whose leases end soon.
async fn short(server: &RedisServer) -> Durable<RedisStore> {
    let store = RedisStore::builder(server.url()).lease(SHORT);
    store.connect().await.unwrap().in_plain_text()
}

fn conflict<T: std::fmt::Debug>(outcome: Result<T, auth_core::Error>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), Some(CONFLICT));
}

/// Makes the lease of the key run out at once, as if its holder were paused for as long.
async fn run_out(server: &RedisServer) {
    let gone: u64 = server.run("DEL auth:{/redis/alice}:lock").await;
    assert_eq!(gone, 1);
}

#[tokio::test]
async fn fault_56_a_holder_that_hangs_is_overtaken_and_changes_nothing_afterwards() {
    let server = RedisServer::start();
    let (store, other) = (short(&server).await, short(&server).await);
    let version = save_login(&store, &key(), &login("r-0")).await.unwrap();
    let mut late = store.lease(&key()).await.unwrap();
    let mut next = soon(other.lease(&key())).await.unwrap();
    assert!(next.fence() > late.fence());
    // Nothing was saved yet, so only the fence knows.
    conflict(late.renew().await);
    conflict(late.save(Some(version), &login("late")).await);
    conflict(late.remove(version).await);
    next.save(Some(version), &login("r-1")).await.unwrap();
    next.release().await.unwrap();
    conflict(late.save(Some(version), &login("late")).await);
    late.release().await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn a_late_release_does_not_free_the_lease_of_the_next_one() {
    let server = RedisServer::start();
    let store = RedisStore::connect(server.url())
        .await
        .unwrap()
        .in_plain_text();
    let late = store.lease(&key()).await.unwrap();
    run_out(&server).await;
    let mut next = store.lease(&key()).await.unwrap();
    late.release().await.unwrap();
    next.renew().await.unwrap();
    let held: u64 = server.run("EXISTS auth:{/redis/alice}:lock").await;
    assert_eq!(held, 1);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_still_good_while_nobody_took_it() {
    let server = RedisServer::start();
    let store = RedisStore::connect(server.url())
        .await
        .unwrap()
        .in_plain_text();
    let mut lease = store.lease(&key()).await.unwrap();
    run_out(&server).await;
    let version = lease.save(None, &login("r-1")).await.unwrap();
    lease.renew().await.unwrap();
    let held: u64 = server.run("EXISTS auth:{/redis/alice}:lock").await;
    assert_eq!(held, 1);
    run_out(&server).await;
    lease.remove(version).await.unwrap();
    assert_eq!(stored(&store).await, None);
}

#[tokio::test]
async fn fault_56_what_a_slow_exchange_brings_after_its_lease_gives_way_to_what_is_stored() {
    let server = RedisServer::start();
    let (clock, gate) = (ManualClock::new(), Gate::new());
    let (slow, quick) = (ScriptedGrant::new(), ScriptedGrant::new());
    slow.waits(&gate).rotates_to("late", HOUR, "r-late");
    quick.rotates_to("theirs", HOUR, "r-theirs");
    let store = plain(&server, &clock).await;
    let sources = [&slow, &quick].map(|grant| {
        let builder = serving(grant, &clock);
        builder.store(store.clone(), key()).build()
    });
    let [slow, quick] = sources;
    let caller = tokio::spawn(async move { access(&slow).await });
    soon(gate.until_waiting(1)).await;
    run_out(&server).await;
    assert_eq!(soon(access(&quick)).await, "theirs");
    gate.open();
    assert_eq!(soon(caller).await.unwrap(), "theirs");
    assert_eq!(stored(&store).await.as_deref(), Some("r-theirs"));
}

#[tokio::test]
async fn fault_56_numbers_rise_whatever_the_clock_of_the_server_does() {
    let server = RedisServer::start();
    let store = RedisStore::connect(server.url()).await.unwrap();
    let fence = "auth:{/redis/alice}:fence";
    let first = number(&store).await;
    let second = number(&store).await;
    assert!(second > first);
    // The clock went back by years: the counter is far ahead of it.
    let ahead = second + 100_000_000_000_000;
    let _: String = server.run(&format!("SET {fence} {ahead}")).await;
    assert_eq!(number(&store).await, ahead + 1);
    assert_eq!(number(&store).await, ahead + 2);
    // The counter is lost, but not the login.
    let plain = store.clone().in_plain_text();
    let version = save_login(&plain, &key(), &login("r")).await.unwrap();
    let _: u64 = server.run(&format!("DEL {fence}")).await;
    assert!(number(&store).await > version / 1024);
    // Both are lost: the clock, which is right again, is ahead of all that was before its jump.
    let _: String = server.run("FLUSHALL").await;
    assert!(number(&store).await > second);
}

async fn number(store: &RedisStore) -> u64 {
    use auth_store::Slot;

    let mut slot = store.lock(&key()).await.unwrap();
    let number = slot.numbers().number();
    slot.release().await.unwrap();
    number
}

#[tokio::test]
async fn a_counter_beyond_all_numbers_is_refused() {
    let server = RedisServer::start();
    let store = RedisStore::connect(server.url()).await.unwrap();
    let command = "SET auth:{/redis/alice}:fence 9007199254740992";
    let _: String = server.run(command).await;
    let error = store.lock(&key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn the_number_of_a_login_that_is_gone_is_kept_for_a_while_and_that_of_one_that_is_there_for_good()
 {
    let server = RedisServer::start();
    let store = open(&server).await.in_plain_text();
    let version = save_login(&store, &key(), &login("r")).await.unwrap();
    let remaining = format!("PTTL auth:{{{}}}:fence", key());
    assert_eq!(server.run::<i64>(&remaining).await, -1);
    let mut lease = store.lease(&key()).await.unwrap();
    lease.remove(version).await.unwrap();
    assert_eq!(server.run::<i64>(&remaining).await, -1);
    lease.release().await.unwrap();
    assert!(server.run::<i64>(&remaining).await > 0);
    save_login(&store, &key(), &login("r")).await.unwrap();
    assert_eq!(server.run::<i64>(&remaining).await, -1);
}
