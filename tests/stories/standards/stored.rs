//! What is kept, where, and by how many.

use std::time::Duration;

use auth_core::{
    Cached, MemoryStore, Origins, StoreKey, TokenSet, TokenSource, TokenStore, store::save_login,
};
use auth_store::{Backend, Keys};
use auth_store_file::FileStore;
use auth_testkit::ScriptedGrant;

use super::logins::{LIBRARIES, code};

const HOUR: Duration = Duration::from_secs(3600);

fn origins() -> Origins {
    Origins::parse("https://api.example").unwrap()
}

#[test]
fn c02_what_is_not_a_store_writes_no_file() {
    for name in LIBRARIES {
        let code = code(name);
        for word in ["std::fs", "tokio::fs", "File::", "OpenOptions", "fs::"] {
            assert!(!code.contains(word), "{name} has {word}");
        }
    }
}

#[tokio::test]
async fn c02_tokens_stay_in_memory_unless_a_credential_names_a_store() {
    let (store, kept) = (MemoryStore::new(), StoreKey::new(["demo", "kept"]));
    let (one, other) = (ScriptedGrant::new(), ScriptedGrant::new());
    one.rotates_to("a-1", HOUR, "r-1");
    other.rotates_to("a-2", HOUR, "r-2");
    let in_memory = Cached::builder(one, origins()).build();
    let stored = Cached::builder(other, origins());
    let stored = stored.store(store.clone(), kept.clone()).build();
    in_memory.token().await.unwrap();
    stored.token().await.unwrap();
    assert_eq!(store.list().await.unwrap(), [kept]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_clients_that_share_a_login_spend_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let keys = Keys::new("first", [7; 32]).unwrap();
        FileStore::open(folder.path().join("logins"))
            .unwrap()
            .sealed(keys)
    };
    let key = StoreKey::new(["demo", "shared"]);
    let login = TokenSet::login("r-0".into());
    save_login(&open(), &key, &login).await.unwrap();
    let grant = ScriptedGrant::new();
    grant.rotates_to("a-1", HOUR, "r-1");
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let source = Cached::builder(grant.clone(), origins()).store(open(), key.clone());
            let source = source.build();
            tokio::spawn(async move { source.token().await.unwrap().access().clone() })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().expose(), "a-1");
    }
    assert_eq!(grant.calls(), 1);
    assert!(grant.seen()[0].presents("r-0"));
}
