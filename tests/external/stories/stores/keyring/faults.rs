//! A keyring that is not there, is locked, lets nobody in, or holds too little.

use super::Stage;
use crate::servers::keyring::Keyring;

#[tokio::test]
async fn fault_57_without_a_keyring_the_error_says_what_to_start_and_what_else_there_is() {
    let mut stage = Stage::with(Keyring::bus(""));
    let mut said = stage.play(&["open"]).await;
    stage.address = format!("unix:path={}", stage.locks.path().join("no-bus").display());
    said.extend(stage.play(&["open"]).await);
    assert_eq!(said.len(), 2);
    for said in said {
        assert!(said.starts_with("Configuration keyring_absent "), "{said}");
        assert!(
            said.contains("gnome-keyring") && said.contains("auth-store-file"),
            "{said}"
        );
        assert!(said.ends_with(" None"), "a foreign cause: {said}");
    }
}

#[tokio::test]
async fn fault_57_a_locked_keyring_is_named_and_serves_again_once_it_is_unlocked() {
    let mut stage = Stage::start();
    assert_eq!(stage.play(&["save a"]).await, ["saved"]);
    stage.keyring.lock();
    for said in stage.play(&["load", "save b", "list"]).await {
        assert!(said.starts_with("Unavailable keyring_locked "), "{said}");
        assert!(said.ends_with(" None"), "a foreign cause: {said}");
    }
    stage.keyring.stop();
    stage.keyring.resume();
    assert_eq!(
        stage.play(&["load", "save b", "load"]).await,
        ["found a", "saved", "found b"]
    );
}

#[tokio::test]
async fn fault_57_a_bus_that_lets_nobody_in_is_told_from_one_without_a_keyring() {
    let policy =
        r#"<deny send_interface="org.freedesktop.Secret.Service" send_member="OpenSession"/>"#;
    let stage = Stage::with(Keyring::with(policy));
    let said = stage.play(&["open"]).await;
    assert!(
        said[0].starts_with("Configuration keyring_denied "),
        "{said:?}"
    );
    assert!(said[0].ends_with(" None"), "a foreign cause: {said:?}");
}
