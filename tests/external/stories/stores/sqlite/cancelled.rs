//! Callers who go away after each poll of each operation. There is one connection for writing and one for reading.

use std::{
    future::{Future, poll_fn},
    path::Path,
    pin::pin,
    task::Poll,
};

use auth_core::{Error, Secret, StoreKey, store::CONFLICT};
use auth_store::{Backend, Slot, Value};
use auth_store_sqlite::{SqliteSlot, SqliteStore};

use super::{database, key, open, soon};

/// Polls a future so many times and drops it, unless it is over by then.
async fn dropped<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Writes over what is there. Whoever went away may have left a write behind that comes first.
async fn write(store: &SqliteStore, body: &str) {
    let attempt = async || -> Result<(), Error> {
        let mut slot = store.lock(&key()).await?;
        let expected = slot.read().await?.map(|value| value.version);
        let version = slot.numbers().take().unwrap();
        slot.write(expected, &Value::new(version, Secret::from(body)))
            .await?;
        slot.release().await
    };
    for _ in 0..10 {
        match soon(attempt()).await {
            Err(error) if error.code() == Some(CONFLICT) => {}
            other => return other.unwrap(),
        }
    }
    panic!("nobody else writes by now");
}

async fn body(store: &SqliteStore) -> Option<String> {
    let value = soon(store.read(&key())).await.unwrap()?;
    Some(value.body.expose().to_owned())
}

/// Sees that the next user finds everything as if nobody had gone away.
async fn is_clean(store: &SqliteStore, folder: &Path) {
    write(store, "next").await;
    assert_eq!(body(store).await.as_deref(), Some("next"));
    assert_eq!(soon(store.keys()).await.unwrap(), [key()]);
    let path = database(folder);
    let other = soon(SqliteStore::open(path)).await.unwrap();
    assert_eq!(body(&other).await.as_deref(), Some("next"));
}

#[tokio::test]
async fn reading_listing_and_locking_can_be_dropped_at_every_poll() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    write(&store, "first").await;
    for polls in 1.. {
        let over = [
            dropped(polls, store.read(&key())).await.is_some(),
            dropped(polls, store.keys()).await.is_some(),
            dropped(polls, store.lock(&key())).await.is_some(),
            dropped(polls, store.lock(&StoreKey::new(["new"])))
                .await
                .is_some(),
        ];
        is_clean(&store, folder.path()).await;
        if over == [true; 4] {
            return;
        }
    }
}

#[tokio::test]
async fn opening_can_be_dropped_at_every_poll() {
    for polls in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let path = database(folder.path());
        let over = dropped(polls, SqliteStore::open(&path)).await.is_some();
        let store = soon(SqliteStore::open(&path)).await.unwrap();
        is_clean(&store, folder.path()).await;
        if over {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_slot_does_can_be_dropped_at_every_poll() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut over = [false; 4];
    let mut polls = 0;
    while over != [true; 4] {
        polls += 1;
        for (what, over) in over.iter_mut().enumerate() {
            write(&store, "old").await;
            let mut slot = soon(store.lock(&key())).await.unwrap();
            let before = slot.read().await.unwrap().unwrap().version;
            let done = match what {
                0 => dropped(polls, slot.read()).await.is_some(),
                1 => dropped(polls, replace(&mut slot, before)).await.is_some(),
                2 => dropped(polls, slot.erase(before)).await.is_some(),
                _ => {
                    *over = dropped(polls, slot.release()).await.is_some();
                    is_clean(&store, folder.path()).await;
                    continue;
                }
            };
            drop(slot);
            *over = done;
            let left = body(&store).await;
            assert!(matches!(left.as_deref(), None | Some("old" | "new")));
            is_clean(&store, folder.path()).await;
        }
    }
}

async fn replace(slot: &mut SqliteSlot, before: u64) -> Result<(), Error> {
    let version = slot.numbers().take().unwrap();
    let value = Value::new(version, Secret::from("new"));
    slot.write(Some(before), &value).await
}
