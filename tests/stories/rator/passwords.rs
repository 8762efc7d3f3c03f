//! A wrong password locks an account when it is sent again and again, so it is not.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_core::{Cached, CachedBuilder, Error, ErrorKind};
use auth_oauth2::legacy::{User, UserCredentials};
use auth_rator::Rator;

use super::{HALF_A_DAY, Story, good, refused};

/// A place where an administrator can change a password.
#[derive(Clone)]
struct Vault(Arc<Mutex<User>>);

impl Vault {
    fn new(name: &str, password: &str) -> Self {
        Self(Arc::new(Mutex::new(user(name, password))))
    }

    fn set(&self, name: &str, password: &str) {
        *self.0.lock().unwrap() = user(name, password);
    }
}

#[async_trait]
impl UserCredentials for Vault {
    async fn user(&self) -> Result<User, Error> {
        Ok(self.0.lock().unwrap().clone())
    }
}

fn user(name: &str, password: &str) -> User {
    User::new(name.into(), password.into()).unwrap()
}

type Login = fn(&Rator, Vault) -> CachedBuilder;

const LOGINS: [(&str, &str, Login); 2] = [
    ("password", "alice", |rator, user| rator.password(user)),
    ("operator_password", "op.demo", |rator, user| {
        rator.operator_password(user)
    }),
];

/// Asks all day long.
async fn hammer(story: &Story, source: &Cached) {
    for _ in 0..500 {
        let error = refused(source).await;
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
        assert_eq!(error.code(), Some("invalid_grant"));
        story.hides(&error);
        story.pass(173);
    }
}

#[tokio::test]
async fn a_wrong_password_is_sent_once() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.lock_after_failures = Some(2));
        for (grant, name, login) in LOGINS {
            let vault = Vault::new(name, "planted-wrong-password");
            let source = story.build(login(&story.rator(), vault.clone()));
            hammer(&story, &source).await;
            assert_eq!(story.emulator.ledger().count(grant), 1);
            assert!(!story.emulator.is_locked(name));

            // The right one is seen without a restart.
            let right = if grant == "password" {
                story.emulator.user().1
            } else {
                story.emulator.operator().1
            };
            vault.set(name, right.expose());
            story.pass(300);
            good(&story, &source).await;
            assert_eq!(story.emulator.ledger().count(grant), 2);
        }
        story.ends_well();
    }
}

#[tokio::test]
async fn a_person_can_ask_for_another_try() {
    let story = Story::start().await;
    let vault = Vault::new("alice", "planted-wrong-password");
    let source = story.build(story.rator().password(vault));
    refused(&source).await;
    assert!(source.renew_now().await.is_err());
    assert_eq!(story.grants(), (2, 0));
    // Now the account was put right on the other side.
    story.emulator.add_user("alice", "planted-wrong-password");
    source.renew_now().await.unwrap();
    good(&story, &source).await;
    assert_eq!(story.grants(), (3, 0));
    story.ends_well();
}

#[tokio::test]
async fn a_locked_account_is_left_alone() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.lock_after_failures = Some(0));
        let source = story.source();
        hammer(&story, &source).await;
        assert!(refused(&source).await.to_string().contains("refused"));
        assert_eq!(story.grants(), (1, 0));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_password_that_was_changed_behind_a_dead_refresh_token_is_sent_once() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.lock_after_failures = Some(2));
        let (name, old) = story.emulator.user();
        let vault = Vault::new(&name, old.expose());
        let source = story.build(story.rator().password(vault.clone()));
        good(&story, &source).await;
        story.emulator.add_user(&name, "demo-changed-password");
        story.emulator.revoke_refresh_tokens();
        story.clock.advance(HALF_A_DAY);
        hammer(&story, &source).await;
        assert_eq!(story.grants().0, 2);
        assert!(!story.emulator.is_locked(&name));
        vault.set(&name, "demo-changed-password");
        story.pass(300);
        good(&story, &source).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn a_changed_password_does_not_matter_while_the_refresh_token_is_good() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    let (name, _) = story.emulator.user();
    story.emulator.add_user(&name, "demo-changed-password");
    story.clock.advance(HALF_A_DAY);
    good(&story, &source).await;
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}
