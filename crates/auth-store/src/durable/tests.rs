mod broken;
mod cancelled;
mod changed;
mod refused;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use auth_core::{Clock, Error, Lifetime, Record, Secret, StoreKey, Token, TokenSet, TokenStore};
use auth_testkit::{
    ManualClock,
    contract::{StoreFixture, token_store},
};
use tokio::task::yield_now;

use super::{Durable, shelf::Shelf};
use crate::Backend;

/// The contract's largest value, which together with the rest of its record stays below the cap.
const LARGEST: usize = 128 * 1024;

#[tokio::test]
async fn keeps_the_contract() {
    let store = Shelf::new().in_plain_text();
    let fixture = StoreFixture::new(store.clone(), store).largest(LARGEST);
    token_store(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract_on_two_threads() {
    let shelf = Shelf::new();
    let (store, other) = (shelf.clone().in_plain_text(), shelf.clone().in_plain_text());
    let fixture = StoreFixture::new(store, other).largest(LARGEST).tasks(100);
    token_store(&fixture).await;
    // A call that was dropped may still be at work on the other thread.
    for _ in 0..100_000 {
        if shelf.spoilt() == 0 {
            break;
        }
        yield_now().await;
    }
    assert_eq!(shelf.spoilt(), 0, "calls were left half-way");
}

#[tokio::test]
async fn restores_what_is_left_of_a_life_by_the_clock_that_it_is_given() {
    let (clock, shelf) = (ManualClock::new(), Shelf::new());
    let store = shelf.in_plain_text().clock(clock.clone());
    let life = Lifetime::new(clock.now(), Duration::from_secs(300));
    let token = Token::bearer("made-up".into()).unwrap().with_lifetime(life);
    saved(&store, &TokenSet::new(token)).await;
    clock.advance(Duration::from_secs(200));
    let mut lease = store.lease(&key()).await.unwrap();
    let leased = lease.load().await.unwrap();
    for found in [record(&store).await, leased] {
        let token = found.unwrap().set.token().cloned().unwrap();
        let ends = token.lifetime().unwrap().ends();
        assert_eq!(ends.left(clock.now()), Duration::from_secs(100));
    }
}

#[test]
fn shows_nothing_of_its_backend() {
    let store = Shelf::new().in_plain_text();
    assert_eq!(format!("{store:?}"), "Durable { .. }");
}

#[test]
fn crosses_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    shared(&Shelf::new().in_plain_text());
}

fn key() -> StoreKey {
    StoreKey::new(["made-up", "login"])
}

fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

async fn saved(store: &Durable<Shelf>, set: &TokenSet) -> u64 {
    auth_core::store::save_login(store, &key(), set)
        .await
        .unwrap()
}

async fn record(store: &Durable<Shelf>) -> Option<Record> {
    store.load(&key()).await.unwrap()
}

fn refresh(record: &Record) -> &str {
    record.set.refresh().unwrap().expose()
}

fn code<T>(outcome: Result<T, Error>) -> Option<String> {
    outcome.err()?.code().map(str::to_owned)
}

/// Looks at a future that often, letting others work in between, and returns what became of it.
async fn looked_at<T: Send>(
    mut future: Pin<&mut (impl Future<Output = T> + Send + ?Sized)>,
    times: usize,
) -> Option<T> {
    for _ in 0..times {
        if let Poll::Ready(output) = look(future.as_mut()) {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

fn look<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits for what must not hang.
async fn soon<T: Send>(future: impl Future<Output = T> + Send) -> T {
    let future = std::pin::pin!(future);
    looked_at(future, 10_000).await.expect("it hangs")
}
