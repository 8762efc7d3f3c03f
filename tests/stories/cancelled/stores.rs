//! Waits of a store in memory behind another holder, and a login that is saved without an engine.

use auth_core::{MemoryStore, StoreKey, TokenSet, TokenStore, store};

use super::{MOST, drop_after, ends, stepped::SteppedStore};

fn login(text: &str) -> TokenSet {
    TokenSet::login(text.into())
}

fn key() -> StoreKey {
    StoreKey::new(["story"])
}

async fn stored(store: &dyn TokenStore) -> Option<String> {
    let record = store.load(&key()).await.unwrap()?;
    record.set.refresh().map(|token| token.expose().to_owned())
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_lease_leaves_nothing_behind() {
    for polls in 0..5 {
        let at = format!("dropped after poll {polls}");
        let (store, key) = (MemoryStore::new(), key());
        let holder = store.lease(&key).await.unwrap();
        assert!(drop_after(polls, store.lease(&key)).await.is_none());
        // Dropped in the middle of the line, and at its end.
        let mut next = Box::pin(store.lease(&key));
        assert!(drop_after(1, &mut next).await.is_none());
        assert!(drop_after(polls, store.lease(&key)).await.is_none());
        holder.release().await.unwrap();
        let mut lease = ends(next, &at).await.unwrap();
        lease.save(None, &login("next")).await.unwrap();
        drop(lease);
        assert_eq!(stored(&store).await.as_deref(), Some("next"), "{at}");
    }
}

/// The turn had come, and whoever had it left without taking it.
#[tokio::test]
async fn a_lease_that_was_granted_to_somebody_gone_goes_to_the_next() {
    let (store, key) = (MemoryStore::new(), key());
    let holder = store.lease(&key).await.unwrap();
    let (mut first, mut second) = (Box::pin(store.lease(&key)), Box::pin(store.lease(&key)));
    assert!(drop_after(1, &mut first).await.is_none());
    assert!(drop_after(1, &mut second).await.is_none());
    drop(holder);
    drop(first);
    ends(second, "the second in line").await.unwrap();
}

#[tokio::test]
async fn a_login_is_saved_whole_or_not_at_all() {
    let (mut old, mut new, key) = (0, 0, key());
    for polls in 1..MOST {
        let at = format!("save_login, dropped after poll {polls}");
        let store = SteppedStore(MemoryStore::new());
        store::save_login(&store, &key, &login("old"))
            .await
            .unwrap();
        let set = login("new");
        let outcome = drop_after(polls, store::save_login(&store, &key, &set)).await;
        match stored(&store).await.as_deref() {
            Some("old") => old += 1,
            Some("new") => new += 1,
            _ => panic!("{at}: neither login is stored"),
        }
        let next = login("next");
        ends(store::save_login(&store, &key, &next), &at)
            .await
            .unwrap();
        assert_eq!(stored(&store).await.as_deref(), Some("next"), "{at}");
        if outcome.is_some() {
            break;
        }
    }
    assert!(old > 1 && new > 1, "{old} old, {new} new");
}
