//! What is kept: everything that was saved, under its own key.

use std::time::Duration;

use auth_core::{
    Clock, Lifetime, Record, Secret, StoreKey, SystemClock, Token, TokenSet, TokenStore,
};
use http::HeaderName;

use super::StoreFixture;
use crate::contract::clause::Clause;

pub(super) async fn run(fixture: &StoreFixture) {
    empty(fixture).await;
    round_trip(fixture).await;
    keys_apart(fixture).await;
    list(fixture).await;
}

async fn empty(fixture: &StoreFixture) {
    let clause = fixture.clause("empty");
    let key = fixture.key("empty");
    let mut lease = fixture.lease(clause, &key).await;
    let found = clause.succeeds(lease.load().await, "loading through a lease");
    clause.holds(found.is_none(), "a lease loaded what was never saved");
    clause.succeeds(lease.release().await, "releasing");
    let found = load(clause, &*fixture.store, &key).await;
    clause.holds(found.is_none(), "the store loaded what was never saved");
    let keys = clause.succeeds(fixture.store.list().await, "listing");
    clause.holds(
        !keys.contains(&key),
        "a lease alone put its key in the list",
    );
}

async fn round_trip(fixture: &StoreFixture) {
    let clause = fixture.clause("round_trip");
    let full = full_set(clause);
    let key = HeaderName::from_static("x-api-key");
    let bare = Token::in_header(key, "", Secret::from("access 2"));
    let bare = clause.succeeds(bare.map(TokenSet::new), "making a token");
    let login = TokenSet::login(Secret::from("refresh-3"));
    for (name, set) in [("full", full), ("bare", bare), ("login", login)] {
        let key = fixture.key(name);
        let mut lease = fixture.lease(clause, &key).await;
        let saved = lease.save(None, &set).await;
        let version = clause.succeeds(saved, "saving for the first time");
        let own = clause.succeeds(lease.load().await, "loading through a lease");
        clause.succeeds(lease.release().await, "releasing");
        let first = load(clause, &*fixture.store, &key).await;
        let second = load(clause, &*fixture.other, &key).await;
        let ways = ["the lease", "the store", "the second handle"];
        for (way, found) in ways.into_iter().zip([own, first, second]) {
            let Some(record) = found else {
                clause.broken(format_args!("{way} does not know what was saved"));
            };
            clause.holds(
                record.version == version,
                format_args!("{way} loaded another version than the one saved"),
            );
            if let Some(part) = difference(&set, &record.set) {
                clause.broken(format_args!("{way} loaded {name} with another {part}"));
            }
        }
    }
}

async fn keys_apart(fixture: &StoreFixture) {
    let clause = fixture.clause("keys_apart");
    let run = fixture.key("apart").to_string();
    let long = "long".repeat(75);
    let longer = format!("{long}2");
    let names: [&[&str]; 10] = [
        &["a", "b"],
        &["a/b"],
        &["a", "b", ""],
        &["A", "b"],
        &["a ", "b"],
        &["a%2Fb"],
        &["a\\b"],
        &["..", "b"],
        &[&long],
        &[&longer],
    ];
    let key = |parts: &[&str]| StoreKey::new(std::iter::once(&*run).chain(parts.iter().copied()));
    for (number, parts) in names.iter().enumerate() {
        let set = TokenSet::login(Secret::new(format!("refresh-{number}")));
        let mut lease = fixture.lease(clause, &key(parts)).await;
        let saved = lease.save(None, &set).await;
        clause.succeeds(saved, "saving under a key that only looks like another");
        clause.succeeds(lease.release().await, "releasing");
    }
    for (number, parts) in names.iter().enumerate() {
        let Some(record) = load(clause, &*fixture.store, &key(parts)).await else {
            clause.broken("a record is gone after saves under other keys");
        };
        let refresh = record.set.refresh().map(Secret::expose);
        clause.holds(
            refresh == Some(&*format!("refresh-{number}")),
            "a key returns what was saved under another",
        );
    }
}

async fn list(fixture: &StoreFixture) {
    let clause = fixture.clause("list");
    let set = TokenSet::login(Secret::from("refresh"));
    let (kept, gone) = (fixture.key("kept"), fixture.key("gone"));
    for key in [&kept, &gone] {
        let mut lease = fixture.lease(clause, key).await;
        let version = clause.succeeds(lease.save(None, &set).await, "saving");
        if key == &gone {
            clause.succeeds(lease.remove(version).await, "removing");
        }
        clause.succeeds(lease.release().await, "releasing");
    }
    for store in [&fixture.store, &fixture.other] {
        let keys = clause.succeeds(store.list().await, "listing");
        let count = |key| keys.iter().filter(|other| *other == key).count();
        clause.holds(count(&kept) == 1, "a key with a record is not listed once");
        clause.holds(
            count(&gone) == 0,
            "a key whose record was removed is listed",
        );
    }
}

pub(super) async fn load(clause: Clause, store: &dyn TokenStore, key: &StoreKey) -> Option<Record> {
    clause.succeeds(clause.soon(store.load(key), "loading").await, "loading")
}

/// Returns a set that has everything a set can have.
fn full_set(clause: Clause) -> TokenSet {
    let lifetime = Lifetime::new(SystemClock::new().now(), Duration::from_secs(3600));
    let brand = HeaderName::from_static("x-made-up-brand");
    let token = Token::bearer(Secret::from("access-1"));
    let token = token.and_then(|token| token.with_header(brand, "Brand 1"));
    let token = clause
        .succeeds(token, "making a token")
        .with_lifetime(lifetime)
        .with_scope("read write")
        .with_extra("empty", Secret::from(""))
        .with_extra("text", Secret::from("line 1\nline 2 \u{1F511} \"\\"));
    TokenSet::new(token).with_refresh(Some(Secret::from("refresh-1 \u{E9}/+=")))
}

/// Names the first part in which two sets differ. Times may be rounded to the second.
pub(super) fn difference(saved: &TokenSet, loaded: &TokenSet) -> Option<&'static str> {
    if saved.refresh().map(Secret::expose) != loaded.refresh().map(Secret::expose) {
        return Some("refresh token");
    }
    let (saved, loaded) = match (saved.token(), loaded.token()) {
        (None, None) => return None,
        (Some(saved), Some(loaded)) => (saved, loaded),
        _ => return Some("access token"),
    };
    let extras = |token: &Token| -> Vec<_> {
        let owned = |(name, value): (&str, &Secret)| (name.to_owned(), value.expose().to_owned());
        token.extras().map(owned).collect()
    };
    let headers = |token: &Token| -> Vec<_> {
        let all = token.headers();
        all.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let sensitive = loaded.headers().all(|(_, value)| value.is_sensitive());
    let near = match (saved.lifetime(), loaded.lifetime()) {
        (None, None) => true,
        (Some(saved), Some(loaded)) => {
            let (one, other) = (saved.ends().wall(), loaded.ends().wall());
            let apart = one.duration_since(other).or(other.duration_since(one));
            apart.is_ok_and(|apart| apart <= Duration::from_secs(1))
        }
        _ => false,
    };
    let parts = [
        (
            "access token",
            saved.access().expose() == loaded.access().expose(),
        ),
        ("set of headers", headers(saved) == headers(loaded)),
        ("sensitivity of a header", sensitive),
        ("end", near),
        ("scope", saved.scope() == loaded.scope()),
        ("set of extras", extras(saved) == extras(loaded)),
    ];
    parts
        .into_iter()
        .find(|(_, same)| !same)
        .map(|(part, _)| part)
}
