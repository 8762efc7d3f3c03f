//! How much is kept under one key.

use auth_core::{Secret, Token, TokenSet};

use super::{
    StoreFixture,
    changes::login,
    contents::{difference, load},
};

pub(super) async fn run(fixture: &StoreFixture) {
    large(fixture).await;
    if let Some(cap) = fixture.cap {
        too_large(fixture, cap).await;
    }
}

async fn large(fixture: &StoreFixture) {
    let clause = fixture.clause("large");
    let key = fixture.key("large");
    let value = Secret::new("x".repeat(fixture.largest));
    let token = clause.succeeds(Token::bearer(value), "making a token");
    let set = TokenSet::new(token).with_refresh(Some(Secret::from("refresh")));
    let mut lease = fixture.lease(clause, &key).await;
    clause.succeeds(lease.save(None, &set).await, "saving a large value");
    clause.succeeds(lease.release().await, "releasing");
    let found = load(clause, &*fixture.store, &key).await;
    let same = found.is_some_and(|record| difference(&set, &record.set).is_none());
    clause.holds(same, "a large value came back changed");
}

async fn too_large(fixture: &StoreFixture, cap: usize) {
    let clause = fixture.clause("too_large");
    let key = fixture.key("too large");
    let mut lease = fixture.lease(clause, &key).await;
    let version = clause.succeeds(lease.save(None, &login("a")).await, "saving");
    let token = Token::bearer(Secret::new("x".repeat(cap)));
    let set = TokenSet::new(clause.succeeds(token, "making a token"));
    clause.fails(
        lease.save(Some(version), &set).await,
        "saving what is too large",
    );
    let found = clause.succeeds(lease.load().await, "loading");
    let kept = found.is_some_and(|record| record.version == version);
    clause.holds(kept, "what is too large took the place of what was there");
    let saved = lease.save(Some(version), &login("b")).await;
    clause.succeeds(saved, "saving after something too large");
}
