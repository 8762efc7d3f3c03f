//! How what is kept changes: by comparing versions that never come back.

use std::collections::HashSet;

use auth_core::{Error, ErrorKind, Lease, Secret, TokenSet, store::CONFLICT};

use super::{StoreFixture, contents::load};
use crate::contract::clause::Clause;

pub(super) async fn run(fixture: &StoreFixture) {
    first_save(fixture).await;
    save_compares(fixture).await;
    remove_compares(fixture).await;
    version_moves(fixture).await;
}

async fn first_save(fixture: &StoreFixture) {
    let clause = fixture.clause("first_save");
    let key = fixture.key("first");
    let mut lease = fixture.lease(clause, &key).await;
    let over = lease.save(Some(1), &login("x")).await;
    conflict(clause, over, "saving over a record that is not there");
    let removed = lease.remove(1).await;
    conflict(clause, removed, "removing a record that is not there");
    holds(clause, &mut *lease, None).await;
    clause.succeeds(lease.save(None, &login("a")).await, "saving first");
    let again = lease.save(None, &login("x")).await;
    conflict(clause, again, "saving as the first over a record");
    holds(clause, &mut *lease, Some("a")).await;
}

async fn save_compares(fixture: &StoreFixture) {
    let clause = fixture.clause("save_compares");
    let key = fixture.key("save");
    let mut lease = fixture.lease(clause, &key).await;
    let first = clause.succeeds(lease.save(None, &login("a")).await, "saving");
    let second = clause.succeeds(lease.save(Some(first), &login("b")).await, "saving over");
    for stale in [first, second.wrapping_add(1)] {
        let saved = lease.save(Some(stale), &login("x")).await;
        conflict(clause, saved, "saving over a version that is not stored");
    }
    holds(clause, &mut *lease, Some("b")).await;
}

async fn remove_compares(fixture: &StoreFixture) {
    let clause = fixture.clause("remove_compares");
    let key = fixture.key("remove");
    let mut lease = fixture.lease(clause, &key).await;
    let first = clause.succeeds(lease.save(None, &login("a")).await, "saving");
    let second = clause.succeeds(lease.save(Some(first), &login("b")).await, "saving over");
    let removed = lease.remove(first).await;
    conflict(clause, removed, "removing a version that is not stored");
    holds(clause, &mut *lease, Some("b")).await;
    clause.succeeds(lease.remove(second).await, "removing");
    holds(clause, &mut *lease, None).await;
    clause.succeeds(lease.release().await, "releasing");
    let found = load(clause, &*fixture.other, &key).await;
    clause.holds(found.is_none(), "a removed record is still loaded");
}

async fn version_moves(fixture: &StoreFixture) {
    let clause = fixture.clause("version_moves");
    let key = fixture.key("version");
    let mut seen = HashSet::new();
    for round in 0..3 {
        let mut lease = fixture.lease(clause, &key).await;
        let mut expected = None;
        for _ in 0..3 {
            // The same contents again: it is the save that counts, not a difference.
            let version = lease.save(expected, &login("same")).await;
            let version = clause.succeeds(version, "saving");
            clause.holds(
                seen.insert(version),
                format_args!("version {version} came back in round {round}"),
            );
            expected = Some(version);
        }
        let last = expected.unwrap_or_default();
        clause.succeeds(lease.remove(last).await, "removing");
        clause.succeeds(lease.release().await, "releasing");
    }
}

pub(super) fn login(refresh: &str) -> TokenSet {
    TokenSet::login(Secret::from(refresh))
}

pub(super) fn conflict<T>(clause: Clause, outcome: Result<T, Error>, doing: &str) {
    let error = clause.fails(outcome, doing);
    clause.kind(&error, ErrorKind::Unavailable, doing);
    clause.holds(
        error.code() == Some(CONFLICT),
        format_args!("{doing} is not called a conflict, but: {error}"),
    );
}

async fn holds(clause: Clause, lease: &mut dyn Lease, refresh: Option<&str>) {
    let found = clause.succeeds(lease.load().await, "loading through the lease");
    let found = found.and_then(|record| record.set.refresh().cloned());
    clause.holds(
        found.as_ref().map(Secret::expose) == refresh,
        "a refused change was made all the same, or a made one was not",
    );
}
