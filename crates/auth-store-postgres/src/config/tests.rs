//! What is refused before anybody is asked, and what is not shown.

use auth_core::ErrorKind;

use super::{PostgresConfig, with_password};

const URL: &str = "postgres://service:canary-password@127.0.0.1:5433/logins";

fn config(url: &str) -> PostgresConfig {
    PostgresConfig::from_url(url).expect("an address")
}

#[test]
fn a_password_is_not_shown() {
    let config = config(URL).schema("auth");
    assert!(!format!("{config:?}{config:#?}").contains("canary"));
    assert!(format!("{config:?}").contains("5433"));
}

#[test]
fn an_address_that_cannot_be_read_is_not_quoted() {
    for url in [
        "canary",
        "postgres://u:canary@[/",
        "postgres://h?sslmode=canary",
        "postgres://h?sslpassword=canary",
    ] {
        let error = PostgresConfig::from_url(url).expect_err("no address");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!format!("{error}{error:?}").contains("canary"));
    }
}

#[test]
fn a_far_server_needs_a_decision_about_tls() {
    for (url, decided) in [
        ("postgres://db.example/", false),
        ("postgres://10.0.0.1/?sslmode=prefer", false),
        ("postgres://db.example/?sslmode=verify-full", true),
        ("postgres://db.example/?sslmode=disable", true),
        ("postgres://localhost/", true),
        ("postgres://127.0.0.1/", true),
        ("postgres://[::1]/", true),
        ("postgres:///?host=/run/postgresql", true),
    ] {
        assert_eq!(config(url).refuse_undecided().is_ok(), decided, "{url}");
    }
}

#[test]
fn no_pool_is_without_connections() {
    let config = config(URL).lock_connections(0).data_connections(usize::MAX);
    assert_eq!(config.lock_connections, 1);
    assert!(config.data_connections < usize::MAX);
}

#[test]
fn no_password_is_looked_for_in_a_file() {
    for (url, whole) in [
        ("postgres://u@h/d", "postgres://u@h/d?password="),
        ("postgres://u:@h", "postgres://u:@h?password="),
        (
            "postgres://h:5432/d:e@f",
            "postgres://h:5432/d:e@f?password=",
        ),
        (
            "postgres://h?sslmode=disable#x",
            "postgres://h?sslmode=disable&password=#x",
        ),
        ("postgres://u:p@h/d", "postgres://u:p@h/d"),
        (
            "postgres:///d?password=p&user=u",
            "postgres:///d?password=p&user=u",
        ),
    ] {
        assert_eq!(with_password(url), whole);
    }
}
