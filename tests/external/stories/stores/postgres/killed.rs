//! Processes that are killed while they save, and servers whose processes stop while others save. What the operating
//! system took from them is kept; a loss of power is not played here.

use auth_core::{Secret, TokenSet, TokenStore};

use crate::{crash, servers::postgres::PostgresServer};

use super::{connect, key, login::PATIENCE, plain, until_quiet};

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_a_kill_at_every_step_loses_nothing() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    connect(&server.url(&database)).await;
    let points = crash::points(&["postgres"]);
    let store = format!("postgres {}", server.url(&database));
    let runs = crash::share_of(1_000).div_ceil(points.len());
    let tally = crash::at_every_point(&store, &points, runs).await.unwrap();
    eprintln!("killed at each of {} points: {tally:?}", points.len());
    assert!(tally.undone > 0 && tally.done_unsaid > 0);
    until_quiet(server, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_a_kill_at_any_instant_loses_nothing() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    connect(&server.url(&database)).await;
    let store = format!("postgres {}", server.url(&database));
    let tally = crash::at_random(&store, crash::share_of(1_000))
        .await
        .unwrap();
    eprintln!("killed at any instant: {tally:?}");
    until_quiet(server, &database).await;
}

/// A writer that never stops trying, and a server that stops without a word: what was acknowledged is there.
#[tokio::test(flavor = "multi_thread")]
async fn fault_55_immediate_stops_of_the_server_process_lose_nothing_that_was_acknowledged() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    let store = plain(&url).await;
    let (tell, mut told) = tokio::sync::watch::channel((0, 0));
    let writer = tokio::spawn(async move {
        for number in 1_u64.. {
            let set = TokenSet::login(Secret::new(number.to_string()));
            let save = async {
                let mut lease = store.lease(&key()).await?;
                let expected = lease.load().await?.map(|record| record.version);
                let version = lease.save(expected, &set).await?;
                let _ = lease.release().await;
                Ok::<_, auth_core::Error>(version)
            };
            match save.await {
                Ok(version) if tell.send((number, version)).is_err() => return,
                Ok(_) => {}
                Err(_) if tell.is_closed() => return,
                // Nobody listens; the server is on its way back.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    for stop in 0..crash::share_of(100) {
        for _ in 0..=stop % 3 {
            let next = tokio::time::timeout(PATIENCE, told.changed()).await;
            next.expect("the writer is stuck")
                .expect("the writer is there");
        }
        server.stop("immediate");
        let (number, version) = *told.borrow_and_update();
        server.resume();
        let other = plain(&url).await;
        let lease = tokio::time::timeout(PATIENCE, other.lease(&key())).await;
        let mut lease = lease.expect("a lock is stuck").expect("the server is back");
        let record = lease.load().await.expect("the server is back");
        let record = record.expect("the login is gone");
        let found: u64 = record.set.refresh().unwrap().expose().parse().unwrap();
        assert!(found >= number && record.version >= version, "stop {stop}");
        assert!(record.version < lease.fence());
        lease.release().await.expect("it is held");
    }
    drop(told);
    tokio::time::timeout(PATIENCE, writer)
        .await
        .expect("it ends")
        .expect("no panic");
    until_quiet(&server, "postgres").await;
}
