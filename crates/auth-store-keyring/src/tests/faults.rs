//! A keyring that fails at every call in turn.

use auth_core::{Error, Record, Secret, TokenStore, store::save_login};
use auth_store::{Backend, Durable};
use tempfile::TempDir;

use super::{
    fake::{Failing, Fake},
    key, login, store,
};
use crate::KeyringStore;

/// Long enough for three entries beside the manifest, so that a mix could be seen.
pub(super) fn long(letter: &str) -> String {
    letter.repeat(3_500)
}

pub(super) struct Case {
    pub(super) fake: std::sync::Arc<Fake>,
    pub(super) store: Durable<KeyringStore>,
    _folder: TempDir,
}

impl Case {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::of(2_560);
        let store = store(&fake, &folder).in_plain_text();
        Self {
            fake,
            store,
            _folder: folder,
        }
    }

    pub(super) async fn save(&self, text: &str) -> Result<u64, Error> {
        save_login(&self.store, &key("a"), &login(text)).await
    }

    async fn remove(&self) -> Result<(), Error> {
        let mut lease = self.store.lease(&key("a")).await?;
        let version = lease.load().await?.map_or(0, |record| record.version);
        lease.remove(version).await
    }

    async fn found(&self) -> Option<String> {
        let found = self.store.load(&key("a")).await.unwrap();
        let listed = self.store.list().await.unwrap();
        assert_eq!(
            listed.len(),
            usize::from(found.is_some()),
            "the list differs"
        );
        found.map(|record| refresh(&record))
    }

    /// Nothing is left over but what is stored, whatever failed before.
    fn is_tidy(&self) -> bool {
        let generations = |name: &String| name.split('.').nth(1).map(str::to_owned);
        let names = self.fake.names();
        let mut own: Vec<_> = names.iter().filter_map(generations).collect();
        own.dedup();
        own.len() <= 1
    }
}

pub(super) fn refresh(record: &Record) -> String {
    record.set.refresh().map(Secret::expose).unwrap().to_owned()
}

/// Fails the `call`-th call in each way there is.
fn ways(call: usize) -> [Failing; 3] {
    [
        Failing::Before(call),
        Failing::After(call),
        Failing::From(call),
    ]
}

#[tokio::test]
async fn a_first_save_that_fails_at_any_call_leaves_all_or_nothing() {
    let mut call = 0;
    loop {
        call += 1;
        let mut reached = false;
        for way in ways(call) {
            let case = Case::new();
            case.fake.fail(way);
            let saved = case.save(&long("a")).await;
            reached |= case.fake.calls() >= call;
            case.fake.fail(Failing::Never);
            let found = case.found().await;
            assert!(found.is_none() || found == Some(long("a")));
            assert!(saved.is_err() || found.is_some(), "a save was lost");
            case.save(&long("b")).await.unwrap();
            case.save(&long("c")).await.unwrap();
            assert_eq!(case.found().await, Some(long("c")));
            assert!(case.is_tidy());
        }
        if !reached {
            break;
        }
    }
    assert!(call > 12, "only {call} calls were tried");
}

#[tokio::test]
async fn a_later_save_that_fails_at_any_call_leaves_the_old_or_the_new_login() {
    for (old, new) in [
        (long("o"), long("n")),
        (long("o"), "n".to_owned()),
        ("o".to_owned(), long("n")),
    ] {
        let mut call = 0;
        let mut reached = true;
        while reached {
            call += 1;
            reached = false;
            for way in ways(call) {
                let case = Case::new();
                case.save(&old).await.unwrap();
                case.fake.fail(way);
                let saved = case.save(&new).await;
                reached |= case.fake.calls() >= call;
                case.fake.fail(Failing::Never);
                let found = case.found().await.expect("the login is gone");
                assert!(found == old || found == new, "a login was mixed");
                assert!(saved.is_err() || found == new, "a save was lost");
                case.save(&long("l")).await.unwrap();
                case.save("last").await.unwrap();
                assert_eq!(case.found().await.as_deref(), Some("last"));
                assert!(case.is_tidy());
            }
        }
        assert!(call > 8, "only {call} calls were tried");
    }
}

#[tokio::test]
async fn a_removal_that_fails_at_any_call_leaves_all_or_nothing() {
    let mut call = 0;
    let mut reached = true;
    while reached {
        call += 1;
        reached = false;
        for way in ways(call) {
            let case = Case::new();
            case.save(&long("o")).await.unwrap();
            case.fake.fail(way);
            let removed = case.remove().await;
            reached |= case.fake.calls() >= call;
            case.fake.fail(Failing::Never);
            let found = case.found().await;
            assert!(found.is_none() || found == Some(long("o")));
            assert!(removed.is_err() || found.is_none(), "a removal was lost");
            // The next holder of the lease removes what stayed.
            drop(case.store.lease(&key("a")).await.unwrap());
            if found.is_none() {
                assert!(
                    case.fake
                        .names()
                        .iter()
                        .all(|name| name.starts_with("index"))
                );
            }
            case.save("last").await.unwrap();
            assert_eq!(case.found().await.as_deref(), Some("last"));
        }
    }
    assert!(call > 8, "only {call} calls were tried");
}
