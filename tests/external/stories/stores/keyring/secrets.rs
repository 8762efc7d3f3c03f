//! What others see of a login: the keyring tells labels and attributes to everybody, locked or not.

use super::{Stage, key};

const CANARY: &str = "canary-refresh-4f1d0b7c";

#[tokio::test]
async fn labels_attributes_and_files_of_a_keyring_hold_no_secret() {
    let stage = Stage::start();
    let long = format!("{CANARY}{}{CANARY}", "x".repeat(4_000));
    let saved = stage.play(&[&format!("save {long}"), "load"]).await;
    assert_eq!(saved, ["saved".to_owned(), format!("found {long}")]);
    let told = stage.keyring.told();
    // Seven entries: five for the login, with all that a record says, and the list.
    let entries = told.matches("string \"Label\"").count();
    assert!((5..=8).contains(&entries), "{entries} entries:\n{told}");
    assert!(told.contains("stories") && told.contains("index"), "{told}");
    assert!(!told.contains(CANARY), "{told}");
    assert!(!told.contains(key().as_str()), "{told}");
    let files = stage.keyring.files();
    assert!(!files.is_empty());
    let found = |text: &str| {
        files
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(found("Login"), "these are not the files of the keyring");
    assert!(!found(CANARY));
}
