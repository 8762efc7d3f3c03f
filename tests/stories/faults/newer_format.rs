//! Records that a newer version of the program wrote.

use std::time::SystemTime;

use auth_core::{
    Cached, ErrorKind, Intent, Origins, Secret, StoreKey, TokenSet, TokenSource, TokenStore,
};
use auth_store::{Backend, Keys, NEWER_FORMAT, Slot, Value};
use auth_store_file::FileStore;
use auth_store_keyring::KeyringStore;
use auth_store_sqlite::SqliteStore;
use auth_testkit::ScriptedGrant;
use keyring_core::mock;

const NEWER: &str = r#"{"format":2,"token":"KanarieVogel-of-a-newer-program"}"#;

#[tokio::test]
async fn fault_59_a_record_of_a_newer_format_is_refused_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    is_left_alone(FileStore::open(place("files")).unwrap()).await;
    is_left_alone(SqliteStore::open(place("logins.db")).await.unwrap()).await;
    let keyring = mock::Store::new().unwrap();
    let keyring = KeyringStore::with_store("stories", keyring, place("locks"));
    is_left_alone(keyring.unwrap()).await;
}

async fn is_left_alone<B: Backend + Clone>(backend: B) {
    let key = StoreKey::new(["demo", "account"]);
    let version = written(&backend, &key, NEWER).await;
    let plain = backend.clone().in_plain_text();
    refuses(&plain, &key, version).await;
    let value = backend.read(&key).await.unwrap().expect("it was written");
    assert_eq!((value.version, value.body.expose()), (version, NEWER));

    let key = StoreKey::new(["demo", "sealed"]);
    let sealed = backend.clone().sealed(Keys::generate("first").unwrap());
    // What is sealed is a record whose token begins so.
    let newer = TokenSet::login(Secret::from("sealed:2:anything at all"));
    let mut lease = plain.lease(&key).await.unwrap();
    let version = lease.save(None, &newer).await.unwrap();
    lease.release().await.unwrap();
    let before = backend.read(&key).await.unwrap().expect("it was saved");
    refuses(&sealed, &key, version).await;
    let after = backend
        .read(&key)
        .await
        .unwrap()
        .expect("nobody removed it");
    assert_eq!(after.body.expose(), before.body.expose());
}

async fn written<B: Backend>(backend: &B, key: &StoreKey, text: &str) -> u64 {
    let mut slot = backend.lock(key).await.unwrap();
    let version = slot.numbers().take().expect("it is a new one");
    let value = Value::new(version, Secret::from(text));
    slot.write(None, &value).await.unwrap();
    slot.release().await.unwrap();
    version
}

/// Every way to read, to change and to remove it, and a client that is to go on with it. To settle changes only what
/// stands beside a sealed record, so it is left out.
async fn refuses(store: &(impl TokenStore + Clone + 'static), key: &StoreKey, version: u64) {
    let set = || TokenSet::login(Secret::from("made-up"));
    let mut lease = store.lease(key).await.unwrap();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    let outcomes = [
        store.load(key).await.map(drop),
        lease.load().await.map(drop),
        lease.save(None, &set()).await.map(drop),
        lease.save(Some(version), &set()).await.map(drop),
        lease.begin(version, &intent).await,
        lease.remove(version).await,
    ];
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.expect_err("a newer program wrote it");
        assert_eq!(error.code(), Some(NEWER_FORMAT), "{number}: {error}");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{number}");
        assert!(
            !format!("{error} {error:?}").contains("Kanarie"),
            "{number}"
        );
    }
    lease.release().await.unwrap();

    let grant = ScriptedGrant::new();
    let origins = Origins::parse("https://api.example").unwrap();
    let builder = Cached::builder(grant.clone(), origins);
    let source = builder.store(store.clone(), key.clone()).build();
    let error = source.token().await.unwrap_err();
    assert_eq!(error.code(), Some(NEWER_FORMAT), "{error}");
    assert_eq!(grant.calls(), 0, "nothing was spent");
}
