use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Grant, Secret, Sent};

use super::{ResourceOwnerPassword, User, UserCredentials};
use crate::{
    Dialect,
    scripted::{Script, Stopped},
};

const TOKEN: &str = r#"{"access_token":"at"}"#;
const REFUSED: &str = r#"{"error":"invalid_grant","error_description":"demo-pw is wrong"}"#;

fn user(password: &str) -> User {
    User::new(Secret::new("alice"), Secret::new(password)).unwrap()
}

struct Changing(Mutex<&'static str>);

#[async_trait]
impl UserCredentials for Changing {
    async fn user(&self) -> Result<User, Error> {
        Ok(user(*self.0.lock().unwrap()))
    }
}

#[tokio::test]
async fn name_and_password_are_sent_under_the_grants_name() {
    let script = Script::default().reply(200, TOKEN).reply(200, TOKEN);
    let grant = ResourceOwnerPassword::new(script.client(Dialect::default()), user("a+b c"));
    let ctx = Stopped::default().exchange(None);
    grant.exchange(&ctx).await.unwrap();
    grant
        .clone()
        .grant_type("operator_password")
        .exchange(&ctx)
        .await
        .unwrap();
    assert_eq!(
        script.sent(),
        [
            "grant_type=password&username=alice&password=a%2Bb+c",
            "grant_type=operator_password&username=alice&password=a%2Bb+c",
        ]
    );
    assert!(!format!("{grant:?}").contains("a+b c"));
}

#[tokio::test]
async fn a_refused_password_is_not_sent_again_until_something_changes() {
    let script = Script::default()
        .reply(400, REFUSED)
        .reply(400, REFUSED)
        .reply(400, REFUSED)
        .reply(200, TOKEN);
    let password = Arc::new(Changing(Mutex::new("demo-pw")));
    let grant =
        ResourceOwnerPassword::new(script.client(Dialect::default()), Arc::clone(&password));
    let mut ctx = Stopped::default().exchange(None);

    let first = grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(
        (first.kind(), first.sent()),
        (ErrorKind::LoginRequired, Sent::Answered)
    );
    assert!(!format!("{first} {first:?}").contains("demo-pw"));
    for _ in 0..3 {
        let error = grant.exchange(&ctx).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::LoginRequired, Sent::No)
        );
    }
    assert_eq!(script.sent().len(), 1);

    ctx.forced = true;
    grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(script.sent().len(), 2);

    ctx.forced = false;
    *password.0.lock().unwrap() = "other-wrong";
    grant.exchange(&ctx).await.unwrap_err();
    grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(script.sent().len(), 3);

    *password.0.lock().unwrap() = "right";
    grant.exchange(&ctx).await.unwrap();
    assert_eq!(script.sent().len(), 4);
}

#[tokio::test]
async fn a_password_is_refused_by_whatever_code_means_so() {
    let mut dialect = Dialect::default();
    dialect.refine = |refusal, error| match refusal.code {
        Some("unauthorized") => error.with_kind(ErrorKind::LoginRequired),
        _ => error,
    };
    let script = Script::default().reply(401, r#"{"error":"unauthorized"}"#);
    let grant = ResourceOwnerPassword::new(script.client(dialect), user("demo-pw"));
    let ctx = Stopped::default().exchange(None);
    for _ in 0..3 {
        let error = grant.exchange(&ctx).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
    }
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn other_failures_do_not_stop_the_password() {
    let script = Script::default()
        .reply(503, "")
        .fail(Sent::Maybe)
        .reply(401, "")
        .reply(200, TOKEN);
    let grant = ResourceOwnerPassword::new(script.client(Dialect::default()), user("demo-pw"));
    let ctx = Stopped::default().exchange(None);
    for _ in 0..3 {
        grant.exchange(&ctx).await.unwrap_err();
    }
    grant.exchange(&ctx).await.unwrap();
}

#[test]
fn marks_tell_pairs_apart() {
    let pair = |name, password| {
        User::new(Secret::new(name), Secret::new(password))
            .unwrap()
            .mark()
    };
    assert_eq!(pair("a", "bc"), pair("a", "bc"));
    assert_ne!(pair("a", "bc"), pair("ab", "c"));
    assert!(User::new(Secret::new(""), Secret::new("x")).is_err());
    assert!(User::new(Secret::new("x"), Secret::new("")).is_err());
}
