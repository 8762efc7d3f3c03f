//! The contract of a store, sealed and through two handles.

use auth_store::{Backend, Keys};
use auth_testkit::contract::{StoreFixture, token_store};

use super::open;

#[tokio::test(flavor = "multi_thread")]
async fn sealed_it_keeps_to_the_contract_through_two_handles() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::generate("only").unwrap();
    let one = open(folder.path()).await.sealed(keys.clone());
    let other = open(folder.path()).await.sealed(keys);
    token_store(&StoreFixture::new(one, other).largest(128 * 1024)).await;
}
