//! Behind a pooler that gives each transaction another session.

use auth_testkit::contract::{StoreFixture, token_store};
use sqlx::{Connection, PgConnection, Row};

use crate::servers::postgres::{Pooler, PostgresServer};

use super::{connect, login::Login, plain, until_quiet};

/// Two handles with four locks and two for data each, and one for the migration.
const SESSIONS: usize = 13;

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_kept_behind_a_transaction_pooler() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let pooler = Pooler::start(server.port(), &database, SESSIONS).await;
    let url = pooler.url();
    token_store(&StoreFixture::new(plain(&url).await, plain(&url).await)).await;
    assert!(pooler.transactions() > 10 * SESSIONS);
    until_quiet(server, &database).await;
}

/// The pooler does what poolers are feared for: what a session remembers is gone with the transaction.
#[tokio::test(flavor = "multi_thread")]
async fn the_pooler_swaps_sessions_between_transactions() {
    let server = PostgresServer::shared();
    let pooler = Pooler::start(server.port(), &server.database().await, 2).await;
    let options = auth_store_postgres::PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(
            pooler.url().rsplit(':').next().unwrap()[..]
                .split('/')
                .next()
                .unwrap()
                .parse()
                .unwrap(),
        )
        .username("postgres");
    // A parameter that poolers refuse, which the driver sends unless told otherwise.
    assert!(PgConnection::connect_with(&options).await.is_err());
    let mut client = PgConnection::connect_with(&options.extra_float_digits(None))
        .await
        .expect("the pooler is there");
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let rows = sqlx::raw_sql("SELECT pg_backend_pid()::text")
            .fetch_all(&mut client)
            .await;
        sessions.push(rows.expect("the server answers")[0].get::<String, _>(0));
    }
    assert_ne!(sessions[0], sessions[1]);
    // Prepared in one session, called in another.
    let prepared = sqlx::query("SELECT $1")
        .bind(1)
        .fetch_all(&mut client)
        .await;
    assert!(prepared.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_55_a_login_lives_on_behind_a_pooler_that_swaps_sessions() {
    let server = PostgresServer::shared();
    let database = server.database().await;
    let pooler = Pooler::start(server.port(), &database, SESSIONS).await;
    let mut login = Login::new(connect(&pooler.url()).await);
    login.begins().await;
    for _ in 0..20 {
        login.renews().await;
    }
    assert_eq!(login.told("unsaved"), 0);
    login.is_stored_in(&plain(&pooler.url()).await).await;
    until_quiet(server, &database).await;
}
