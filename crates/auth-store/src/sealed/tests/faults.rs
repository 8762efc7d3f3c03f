//! Records that cannot be opened: a typed error each, and the record stays.

use auth_core::{
    Error, ErrorKind, Intent, MemoryStore, Secret, Token, TokenSet, TokenStore, store::save_login,
};
use std::time::SystemTime;

use super::{key, keys, login, plant, raw, refresh_in};
use crate::{KeySource, Keys, NEWER_FORMAT, NOT_SEALED, Sealed, UNREADABLE, WRONG_KEY};

/// Tries everything on a record that `store` cannot open, and returns the error after making sure that nothing changed.
async fn refused(store: &dyn TokenStore, inner: &MemoryStore) -> Error {
    let before = raw(inner, &key()).await;
    let version = before.version;
    let error = store.load(&key()).await.unwrap_err();
    let intent = Intent::new(SystemTime::UNIX_EPOCH, 1);
    let mut lease = store.lease(&key()).await.unwrap();
    let outcomes = [
        lease.load().await.map(drop),
        lease.save(Some(version), &login("x")).await.map(drop),
        lease.save(None, &login("x")).await.map(drop),
        lease.save(Some(version + 1), &login("x")).await.map(drop),
        lease.begin(version, &intent).await,
        lease.remove(version).await,
    ];
    for outcome in outcomes {
        assert_eq!(outcome.unwrap_err().code(), error.code());
    }
    lease.release().await.unwrap();
    let after = raw(inner, &key()).await;
    assert_eq!(after.version, version);
    assert_eq!(after.intent, None);
    let text = |set: &TokenSet| set.refresh().map(|text| text.expose().to_owned());
    assert_eq!(text(&after.set), text(&before.set));
    assert_eq!(store.list().await.unwrap(), [key()]);
    error
}

#[tokio::test]
async fn fault_58_a_missing_key_is_named_and_the_record_kept() {
    let inner = MemoryStore::new();
    let before = Sealed::new(inner.clone(), keys("old"));
    save_login(&before, &key(), &login("canary-58"))
        .await
        .unwrap();

    let error = refused(&Sealed::new(inner.clone(), keys("newer")), &inner).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.code(), Some(WRONG_KEY));
    assert!(error.to_string().contains("the key old"), "{error}");
    assert!(!format!("{error:?}").contains("canary-58"));

    let found = refresh_in(&before, &key()).await.unwrap();
    assert_eq!(found, "canary-58");
}

#[tokio::test]
async fn fault_58_another_key_of_the_same_name_is_refused_and_the_record_kept() {
    let inner = MemoryStore::new();
    let before = Sealed::new(inner.clone(), Keys::new("same", [1; 32]).unwrap());
    save_login(&before, &key(), &login("a")).await.unwrap();

    let wrong = Sealed::new(inner.clone(), Keys::new("same", [2; 32]).unwrap());
    let error = refused(&wrong, &inner).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.code(), Some(WRONG_KEY));
    assert_eq!(refresh_in(&before, &key()).await.unwrap(), "a");
}

#[tokio::test]
async fn fault_58_a_rotated_key_still_reads_and_the_next_save_uses_the_new_one() {
    let inner = MemoryStore::new();
    let old = Sealed::new(inner.clone(), Keys::new("old", [1; 32]).unwrap());
    save_login(&old, &key(), &login("a")).await.unwrap();

    let keys = Keys::new("new", [2; 32]).unwrap();
    let both = keys.clone().also_reads("old", [1; 32]).unwrap();
    let both = Sealed::new(inner.clone(), both);
    assert_eq!(refresh_in(&both, &key()).await.unwrap(), "a");
    assert!(
        refresh_in(&inner, &key())
            .await
            .unwrap()
            .starts_with("sealed:1:old:")
    );

    save_login(&both, &key(), &login("b")).await.unwrap();
    assert!(
        refresh_in(&inner, &key())
            .await
            .unwrap()
            .starts_with("sealed:1:new:")
    );
    let new = Sealed::new(inner.clone(), keys);
    assert_eq!(refresh_in(&new, &key()).await.unwrap(), "b");
    let error = refused(&old, &inner).await;
    assert_eq!(error.code(), Some(WRONG_KEY));
}

#[tokio::test]
async fn fault_60_two_applications_share_a_store_and_leave_each_other_alone() {
    let inner = MemoryStore::new();
    let one = Sealed::new(inner.clone(), keys("one"));
    let three = Sealed::new(inner.clone(), keys("three"));
    let own = auth_core::StoreKey::new(["three"]);
    save_login(&one, &key(), &login("of one")).await.unwrap();
    save_login(&three, &own, &login("of three")).await.unwrap();

    assert_eq!(refresh_in(&one, &key()).await.unwrap(), "of one");
    assert_eq!(refresh_in(&three, &own).await.unwrap(), "of three");
    for (error, id) in [
        (one.load(&own).await.unwrap_err(), "the key three"),
        (three.load(&key()).await.unwrap_err(), "the key one"),
        (
            save_login(&three, &key(), &login("x")).await.unwrap_err(),
            "the key one",
        ),
    ] {
        assert_eq!(error.code(), Some(WRONG_KEY));
        assert!(error.to_string().contains(id), "{error}");
    }
    assert_eq!(refresh_in(&one, &key()).await.unwrap(), "of one");
    // Each sees the names of all logins, and only those.
    assert_eq!(one.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_envelope_that_is_moved_or_put_back_is_refused() {
    let inner = MemoryStore::new();
    let store = Sealed::new(inner.clone(), keys("one"));
    save_login(&store, &key(), &login("a")).await.unwrap();
    let old = raw(&inner, &key()).await.set;
    save_login(&store, &key(), &login("b")).await.unwrap();

    let elsewhere = auth_core::StoreKey::new(["elsewhere"]);
    save_login(&inner, &elsewhere, &raw(&inner, &key()).await.set)
        .await
        .unwrap();
    let error = store.load(&elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Some(WRONG_KEY));
    let mut lease = inner.lease(&elsewhere).await.unwrap();
    let version = lease.load().await.unwrap().unwrap().version;
    lease.remove(version).await.unwrap();

    save_login(&inner, &key(), &old).await.unwrap();
    let error = refused(&store, &inner).await;
    assert_eq!(error.code(), Some(WRONG_KEY));
}

#[tokio::test]
async fn clear_text_is_never_taken_for_a_sealed_login() {
    let token = Token::bearer(Secret::from("canary-clear")).unwrap();
    let store_key = key();
    let sealed = Sealed::new(MemoryStore::new(), keys("one"));
    save_login(&sealed, &store_key, &login("a")).await.unwrap();
    for set in [
        login("canary-clear"),
        TokenSet::new(token.clone()),
        login("x").with_refresh(None),
        // An envelope beside an access token was not made by us.
        TokenSet::new(token).with_refresh(Some(Secret::from("sealed:1:one:AAAA"))),
    ] {
        let inner = MemoryStore::new();
        save_login(&inner, &store_key, &set).await.unwrap();
        let error = refused(&Sealed::new(inner.clone(), keys("one")), &inner).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.code(), Some(NOT_SEALED));
        assert!(error.to_string().contains("copy_all"));
        assert!(!format!("{error:?}").contains("canary-clear"));
    }
}

#[tokio::test]
async fn what_is_sealed_but_no_record_is_refused() {
    for (text, code) in [
        (r#"{"format":2,"refresh":"canary"}"#, NEWER_FORMAT),
        ("canary", UNREADABLE),
        (r#"{"format":1,"refresh":["canary"]}"#, UNREADABLE),
    ] {
        let (inner, with) = (MemoryStore::new(), keys("one"));
        plant(&inner, &with, &key(), text).await;
        let error = refused(&Sealed::new(inner.clone(), with), &inner).await;
        assert_eq!(error.code(), Some(code));
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_source_that_gives_another_key_than_asked_for_is_refused() {
    struct Wrong(Keys);

    #[async_trait::async_trait]
    impl KeySource for Wrong {
        async fn writing(&self) -> Result<crate::DataKey, Error> {
            self.0.writing().await
        }

        async fn reading(&self, _: &str) -> Result<Option<crate::DataKey>, Error> {
            Ok(Some(crate::DataKey::new("other", [9; 32])?))
        }
    }

    let inner = MemoryStore::new();
    save_login(
        &Sealed::new(inner.clone(), keys("one")),
        &key(),
        &login("a"),
    )
    .await
    .unwrap();
    let error = refused(&Sealed::new(inner.clone(), Wrong(keys("one"))), &inner).await;
    assert_eq!(error.code(), Some(WRONG_KEY));
}

#[tokio::test]
async fn keys_that_are_away_are_an_error_to_wait_for() {
    struct Away;

    #[async_trait::async_trait]
    impl KeySource for Away {
        async fn writing(&self) -> Result<crate::DataKey, Error> {
            Err(Error::new(ErrorKind::Unavailable, "the keys are away"))
        }

        async fn reading(&self, _: &str) -> Result<Option<crate::DataKey>, Error> {
            Err(Error::new(ErrorKind::Unavailable, "the keys are away"))
        }
    }

    let inner = MemoryStore::new();
    let away = Sealed::new(inner.clone(), Away);
    let error = save_login(&away, &key(), &login("a")).await.unwrap_err();
    assert!(error.is_transient());
    assert!(inner.list().await.unwrap().is_empty());
    save_login(
        &Sealed::new(inner.clone(), keys("one")),
        &key(),
        &login("a"),
    )
    .await
    .unwrap();
    assert!(away.load(&key()).await.unwrap_err().is_transient());
}
