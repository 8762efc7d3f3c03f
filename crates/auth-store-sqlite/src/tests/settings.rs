//! What the connections were told.

use super::*;
use crate::{
    connection::{self, PATIENCE, Role, Statement},
    place::Place,
    schema,
};
use auth_core::ErrorKind;
use sqlx::{Row, query};

async fn setting(store: &SqliteStore, writer: bool, sql: &'static str) -> String {
    let statement: Statement = query(sql);
    let rows = if writer {
        store.writer().rows(statement).await.unwrap()
    } else {
        store.rows(statement).await.unwrap()
    };
    let number: Result<i64, _> = rows[0].try_get(0);
    number.map_or_else(|_| rows[0].get(0), |number| number.to_string())
}

#[tokio::test]
async fn both_connections_have_the_settings_that_make_a_save_durable() {
    let home = Home::new();
    let store = home.store().await;
    let patience = PATIENCE.as_millis().to_string();
    for writer in [false, true] {
        for (sql, value) in [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA synchronous", "2"),
            ("PRAGMA secure_delete", "1"),
            ("PRAGMA locking_mode", "normal"),
            ("PRAGMA fullfsync", "1"),
            ("PRAGMA checkpoint_fullfsync", "1"),
            ("PRAGMA trusted_schema", "0"),
            ("PRAGMA cell_size_check", "1"),
            ("PRAGMA busy_timeout", patience.as_str()),
            ("PRAGMA query_only", if writer { "0" } else { "1" }),
            ("PRAGMA application_id", "1635087464"),
            ("PRAGMA user_version", "1"),
            ("PRAGMA mmap_size", "0"),
        ] {
            assert_eq!(setting(&store, writer, sql).await, value, "{sql} {writer}");
        }
    }
}

#[tokio::test]
async fn a_sqlite_that_ignores_a_setting_is_refused() {
    let home = Home::new();
    drop(home.store().await);
    let place = Place::prepare(&home.database()).unwrap();
    for (name, value) in [("synchronous", "NORMAL"), ("secure_delete", "OFF")] {
        let options = connection::options(&place).pragma(name, value);
        let mut connection = connection::open(options, Role::Writer).await.unwrap();
        let error = schema::verify(&mut connection).await.unwrap_err();
        assert_eq!(error.code(), Some("settings_ignored"), "{name}");
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
