//! The store over the mock of keyring-core and over a keyring that can be told to fail.

mod fake;
mod faults;
mod refusals;

use std::sync::Arc;

use auth_core::{Secret, StoreKey, TokenSet, TokenStore, store::save_login};
use auth_store::Backend;
use auth_testkit::contract::{StoreFixture, token_store};
use keyring_core::{api::CredentialStoreApi, mock};
use tempfile::TempDir;

use self::fake::Fake;
use crate::KeyringStore;

fn store<S>(keyring: &Arc<S>, folder: &TempDir) -> KeyringStore
where
    S: CredentialStoreApi + Send + Sync + 'static,
{
    let keyring = Arc::<S>::clone(keyring);
    KeyringStore::with_store("tests", keyring, folder.path().join("locks")).unwrap()
}

fn key(name: &str) -> StoreKey {
    StoreKey::new(["tests", name])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

async fn holds_the_contract<S>(keyring: &Arc<S>)
where
    S: CredentialStoreApi + Send + Sync + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let first = store(keyring, &folder);
    let second = store(keyring, &folder).chunk(2_000);
    let fixture = StoreFixture::new(first.in_plain_text(), second.in_plain_text());
    // The text of a record has at most 256 KiB, and more than the value is in it.
    token_store(&fixture.largest(255 * 1024)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_of_keyring_core_holds_the_contract_of_stores() {
    holds_the_contract(&mock::Store::new().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_of_2560_bytes_holds_the_contract_of_stores() {
    holds_the_contract(&Fake::of(2_560)).await;
}

#[tokio::test]
async fn a_token_of_16_kib_goes_through_a_keyring_of_2560_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::of(2_560);
    let store = store(&fake, &folder).in_plain_text();
    let long = "x".repeat(16 * 1024);
    save_login(&store, &key("a"), &login(&long)).await.unwrap();
    let found = store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(found.set.refresh().unwrap().expose(), long);
    assert!(
        fake.longest() <= 1024,
        "{} bytes in an entry",
        fake.longest()
    );
}

#[tokio::test]
async fn nothing_is_left_in_the_keyring_of_a_login_that_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::of(2_560);
    let store = store(&fake, &folder).in_plain_text();
    for length in [9_000, 40, 3_000] {
        save_login(&store, &key("a"), &login(&"x".repeat(length)))
            .await
            .unwrap();
    }
    let mut lease = store.lease(&key("a")).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    lease.remove(version).await.unwrap();
    assert_eq!(fake.names(), ["index"]);
}

#[tokio::test]
async fn a_list_that_was_lost_comes_back_with_the_next_saves() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::of(2_560);
    let store = store(&fake, &folder).in_plain_text();
    save_login(&store, &key("a"), &login("1")).await.unwrap();
    for text in [None, Some("something else")] {
        fake.plant("index", text);
        save_login(&store, &key("a"), &login("2")).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [key("a")]);
    }
}

#[tokio::test]
async fn versions_rise_above_what_is_stored_where_the_lock_files_were_lost() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fake = Fake::of(2_560);
    let first = store(&fake, &folder);
    let far = auth_store::Numbers::block(1 << 52).fence() + 1;
    let mut slot = first.lock(&key("a")).await.unwrap();
    use auth_store::Slot as _;
    let value = auth_store::Value::new(far, Secret::from("{}"));
    slot.write(None, &value).await.unwrap();
    let mut slot = store(&fake, &other).lock(&key("a")).await.unwrap();
    assert!(slot.numbers().fence() > far);
}
