//! The keyring of the kernel, as a keyring that the application brings.

use super::child::Child;

#[tokio::test]
async fn the_keyring_of_the_kernel_holds_the_contract_of_stores() {
    let locks = tempfile::tempdir().unwrap();
    let child = Child::of_kernel(locks.path(), &["contract"]);
    assert_eq!(child.rest().await, ["held"]);
}

#[tokio::test]
async fn fault_57_an_entry_that_holds_too_little_is_refused_and_the_old_login_stays() {
    let locks = tempfile::tempdir().unwrap();
    let child = Child::of_kernel(
        locks.path(),
        &["save old", "large", "load", "save new", "load"],
    );
    let said = child.rest().await;
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said[1].starts_with("Configuration "), "{said:?}");
    assert!(said[1].ends_with(" None"), "a foreign cause: {said:?}");
    assert_eq!(
        [&*said[0], &said[2], &said[3], &said[4]],
        ["saved", "found old", "saved", "found new"]
    );
}
