//! The store in the keyring of the desktop, against a GNOME keyring and against the keyring of the kernel.
//!
//! A program finds its keyring by its environment, which no test may change for itself: each story is played by a
//! process of its own.

mod child;
mod crashes;
mod faults;
mod keyutils;
mod secrets;

use auth_core::{Secret, StoreKey, TokenSet};
use tempfile::TempDir;

use self::child::Child;
use crate::servers::keyring::Keyring;

fn key() -> StoreKey {
    StoreKey::new(["keyring", "alice"])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

/// A keyring, and the folder of locks that all children share.
struct Stage {
    keyring: Keyring,
    address: String,
    locks: TempDir,
}

impl Stage {
    fn with(keyring: Keyring) -> Self {
        Self {
            address: keyring.address(),
            keyring,
            locks: tempfile::tempdir().unwrap(),
        }
    }

    fn start() -> Self {
        Self::with(Keyring::start())
    }

    /// Lets a child carry out `orders`, one after the other, and returns what it said.
    async fn play(&self, orders: &[&str]) -> Vec<String> {
        Child::start(self, orders, None).rest().await
    }
}

#[tokio::test]
async fn the_secret_service_holds_the_contract_of_stores() {
    let stage = Stage::start();
    assert_eq!(stage.play(&["contract"]).await, ["held"]);
}

#[tokio::test]
async fn logins_are_there_after_the_keyring_was_restarted() {
    let mut stage = Stage::start();
    let long = "x".repeat(16 * 1024);
    let saved = stage.play(&[&format!("save {long}"), "list"]).await;
    assert_eq!(saved, ["saved", "list 1"]);
    stage.keyring.stop();
    stage.keyring.resume();
    assert_eq!(
        stage.play(&["load", "list"]).await,
        [format!("found {long}"), "list 1".to_owned()]
    );
}

#[tokio::test]
async fn a_program_that_runs_finds_a_keyring_that_was_restarted() {
    let mut stage = Stage::start();
    let mut child = Child::start(&stage, &["save a", "wait", "load", "load"], None);
    assert_eq!(child.line().await.as_deref(), Some("saved"));
    assert_eq!(child.line().await.as_deref(), Some("waiting"));
    stage.keyring.stop();
    stage.keyring.resume();
    child.go_on().await;
    // The first call may meet the connection to the keyring that is gone.
    let said = child.rest().await;
    assert_eq!(said.last().map(String::as_str), Some("found a"), "{said:?}");
}
