//! Databases that are not of this store, or not of this version of it.

use super::*;
use auth_core::ErrorKind;
use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    connection::{self, Role},
    place::Place,
};

/// Makes a private database with another program.
async fn made(home: &Home, sql: &'static str) {
    let mut connection = raw(&home.database()).await;
    run(&mut connection, sql).await;
    sqlx::Connection::close(connection).await.unwrap();
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_foreign_database_is_refused_and_left_as_it_is() {
    for sql in [
        "CREATE TABLE notes (text)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 3",
        "PRAGMA application_id = 7; CREATE TABLE login (key, version, body, changed_at)",
    ] {
        let home = Home::new();
        made(&home, sql).await;
        let before = fs::read(home.database()).unwrap();
        let error = home.open().await.unwrap_err();
        assert_eq!(error.code(), Some("foreign_database"), "{sql}");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(fs::read(home.database()).unwrap(), before, "{sql}");
    }
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let home = Home::new();
    drop(home.store().await);
    made(&home, "PRAGMA user_version = 2").await;
    let before = fs::read(home.database()).unwrap();
    let error = home.open().await.unwrap_err();
    assert_eq!(error.code(), Some("newer_schema"));
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[tokio::test]
async fn an_empty_database_is_taken() {
    let home = Home::new();
    made(&home, "PRAGMA journal_mode = WAL").await;
    write(&home.store().await, &key(), "body").await.unwrap();
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_as_it_is() {
    let home = Home::new();
    let text = "this is a text, and no database at all\n".repeat(100);
    fs::write(home.database(), &text).unwrap();
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o600)).unwrap();
    let error = home.open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.code(), Some("sqlite_26"));
    assert_eq!(fs::read_to_string(home.database()).unwrap(), text);
}

#[tokio::test]
async fn a_place_that_cannot_hold_the_log_is_refused() {
    let home = Home::new();
    let place = Place::prepare(&home.database()).unwrap();
    // It locks by files of its own, as on a network, and has no shared memory.
    let options = connection::options(&place).vfs("unix-dotfile");
    let mut connection = connection::open(options, Role::Writer).await.unwrap();
    let error = crate::schema::prepare(&mut connection).await.unwrap_err();
    assert_eq!(error.code(), Some("no_write_ahead_log"));
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn two_handles_can_be_opened_at_the_same_time() {
    let home = Home::new();
    let opened = tokio::join!(home.open(), home.open(), home.open(), home.open());
    let (one, other) = (opened.0.unwrap(), opened.1.unwrap());
    opened.2.unwrap();
    opened.3.unwrap();
    write(&one, &key(), "body").await.unwrap();
    assert_eq!(body(&other, &key()).await.as_deref(), Some("body"));
}
