//! What the server gets to see: nothing that is worth anything, where logins are sealed.

use std::{fs, path::Path};

use auth_core::{Intent, Secret, StoreKey, Token, TokenSet, TokenStore};
use auth_store::{Backend, Keys, Slot, Value};

use crate::servers::postgres::PostgresServer;

use super::{config, connect, key};

const DATABASE: &str = "postgres";

/// A text, and how it looks in the disguises that servers and codecs have for it.
fn disguises(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    // Of each alignment of base64, the part that does not depend on what stands around it.
    let base64 = (0..3).map(|shift| {
        let bytes = secret.as_bytes()[shift..]
            .chunks_exact(3)
            .flat_map(|triple| {
                let number = triple
                    .iter()
                    .fold(0, |number, byte| number << 8 | u32::from(*byte));
                (0..4).map(move |place| {
                    let digits =
                        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                    digits[(number >> (18 - 6 * place) & 63) as usize]
                })
            });
        bytes.collect()
    });
    [secret.into(), hex.to_uppercase().into(), hex.into()]
        .into_iter()
        .chain(base64)
        .collect()
}

fn contains(place: &[u8], secret: &str) -> bool {
    disguises(secret).iter().any(|text| {
        let first = text[0];
        let mut rest = place;
        while let Some(at) = rest.iter().position(|byte| *byte == first) {
            if rest[at..].starts_with(text) {
                return true;
            }
            rest = &rest[at + 1..];
        }
        false
    })
}

/// Returns the files below a folder in which a text is found.
fn files_with(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(files_with(&path, secret));
        } else if fs::read(&path).is_ok_and(|bytes| contains(&bytes, secret)) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Everything that can be done with a login, and a few things that fail.
async fn use_up(store: &dyn TokenStore, key: &StoreKey, access: &str, refresh: &str) {
    let token = Token::bearer(Secret::from(access)).expect("it is one");
    let set = TokenSet::new(token).with_refresh(Some(Secret::from(refresh)));
    let mut lease = store.lease(key).await.expect("it is free");
    let version = lease.save(None, &set).await.expect("it is the first");
    let conflict = lease.save(None, &set).await.expect_err("it is not");
    assert!(!format!("{conflict}{conflict:?}").contains(refresh));
    let intent = Intent::new(std::time::SystemTime::UNIX_EPOCH, lease.fence());
    lease.begin(version, &intent).await.expect("it is ours");
    lease.settle(version).await.expect("it is ours");
    let version = lease.save(Some(version), &set).await.expect("it is ours");
    assert!(lease.remove(version + 1).await.is_err());
    lease.remove(version).await.expect("it is ours");
    lease.save(None, &set).await.expect("there is none");
    lease.release().await.expect("it is held");
    assert!(store.load(key).await.expect("it is there").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_log_nor_data_of_the_server_have_what_was_sealed() {
    let server = PostgresServer::start();
    let store = connect(&server.url(DATABASE)).await;
    let keys = Keys::generate("one").expect("the system has randomness");
    let sealed = store.clone().sealed(keys);
    use_up(
        &sealed,
        &key(),
        "canary-access-5b1f0c77",
        "canary-refresh-90d2e4aa",
    )
    .await;
    // The same in plain text is found in both places, so the search can find something.
    let plain = StoreKey::new(["plain"]);
    let shown = store.clone().in_plain_text();
    use_up(
        &shown,
        &plain,
        "shown-access-7f6e5d4c",
        "shown-refresh-3b2a1908",
    )
    .await;
    server.stop("fast");

    let log = server.log();
    assert!(log.contains("UPDATE"), "the log has statements");
    for secret in ["canary-access-5b1f0c77", "canary-refresh-90d2e4aa"] {
        assert!(!contains(log.as_bytes(), secret), "the log has {secret}");
        assert_eq!(files_with(&server.data(), secret), [""; 0]);
    }
    assert!(contains(log.as_bytes(), "shown-refresh-3b2a1908"));
    assert!(!files_with(&server.data(), "shown-refresh-3b2a1908").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_store_nor_lock_show_what_they_hold() {
    let server = PostgresServer::start();
    let url = server.url(DATABASE);
    let config = config(&url.replacen('@', ":canary-password@", 1));
    let mut shown = format!("{config:?} {config:#?}");
    let store = config.connect().await.expect("it trusts whoever asks");
    let mut slot = store.lock(&key()).await.expect("it is free");
    let version = slot.numbers().take().expect("it is a new one");
    let value = Value::new(version, Secret::from("canary-refresh-1c7e"));
    slot.write(None, &value).await.expect("it is ours");
    let read = slot.read().await.expect("it is ours");
    shown += &format!("{store:?} {store:#?} {slot:?} {slot:#?} {read:?}");
    let error = slot.write(None, &value).await.expect_err("it is there");
    shown += &format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    slot.release().await.expect("it is ours");
}

#[test]
fn a_secret_in_disguise_is_found() {
    let secret = "canary-in-disguise";
    assert!(contains(b"...canary-in-disguise...", secret));
    assert!(contains(
        b"..63616e6172792d696e2d6469736775697365..",
        secret
    ));
    for place in [
        "Y2FuYXJ5LWluLWRpc2d1aXNl",
        "LmNhbmFyeS1pbi1kaXNndWlzZQ==",
        "Li5jYW5hcnktaW4tZGlzZ3Vpc2U=",
    ] {
        assert!(contains(place.as_bytes(), secret), "{place}");
    }
    assert!(!contains(b"canary-in-disguis", secret));
}
