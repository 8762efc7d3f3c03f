//! What is noted before an exchange, and what is announced before a save.

use std::time::{Duration, SystemTime};

use auth_core::{Intent, Record};

use super::{
    StoreFixture,
    changes::{conflict, login},
    contents::load,
};
use crate::contract::clause::Clause;

pub(super) async fn run(fixture: &StoreFixture) {
    announced(fixture).await;
    intent(fixture).await;
    intent_compares(fixture).await;
}

async fn announced(fixture: &StoreFixture) {
    let clause = fixture.clause("announced");
    let key = fixture.key("announced");
    let mut expected = None;
    for _ in 0..2 {
        let mut lease = fixture.lease(clause, &key).await;
        for _ in 0..3 {
            // A refused save must not shift what is announced away from what is given.
            let refused = lease.save(Some(0), &login("x")).await;
            conflict(clause, refused, "saving over a version that is not stored");
            let next = lease.next_version();
            let version = clause.succeeds(lease.save(expected, &login("a")).await, "saving");
            clause.holds(
                version == next,
                format_args!("version {next} was announced, and {version} was given"),
            );
            expected = Some(version);
        }
        clause.succeeds(lease.release().await, "releasing");
    }
}

async fn intent(fixture: &StoreFixture) {
    let clause = fixture.clause("intent");
    let key = fixture.key("intent");
    let mut lease = fixture.lease(clause, &key).await;
    let version = clause.succeeds(lease.save(None, &login("a")).await, "saving");
    let begun = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    let first = Intent::new(begun, lease.fence());
    for intent in [first.clone(), first.again(lease.fence() + 1)] {
        let noted = lease.begin(version, &intent).await;
        clause.succeeds(noted, "noting that an exchange begins");
        let own = clause.succeeds(lease.load().await, "loading");
        for found in [own, load(clause, &*fixture.other, &key).await] {
            notes(clause, found, version, Some(&intent));
        }
    }
    clause.succeeds(lease.settle(version).await, "taking the note away");
    notes(
        clause,
        load(clause, &*fixture.other, &key).await,
        version,
        None,
    );
    let settled = lease.settle(version).await;
    clause.succeeds(settled, "taking a note away that is not there");
    let intent = Intent::new(begun, lease.fence());
    let noted = lease.begin(version, &intent).await;
    clause.succeeds(noted, "noting that an exchange begins");
    let saved = lease.save(Some(version), &login("a")).await;
    let version = clause.succeeds(saved, "saving over a record with a note");
    notes(
        clause,
        load(clause, &*fixture.other, &key).await,
        version,
        None,
    );
}

async fn intent_compares(fixture: &StoreFixture) {
    let clause = fixture.clause("intent_compares");
    let key = fixture.key("intent compares");
    let mut lease = fixture.lease(clause, &key).await;
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    let early = lease.begin(1, &intent).await;
    conflict(clause, early, "a note on a record that is not there");
    let early = lease.settle(1).await;
    conflict(clause, early, "settling a record that is not there");
    let old = clause.succeeds(lease.save(None, &login("a")).await, "saving");
    let new = clause.succeeds(lease.save(Some(old), &login("a")).await, "saving over");
    let stale = lease.begin(old, &intent).await;
    conflict(clause, stale, "a note on a version that is not stored");
    clause.succeeds(lease.begin(new, &intent).await, "noting");
    let stale = lease.settle(old).await;
    conflict(clause, stale, "settling a version that is not stored");
    let found = clause.succeeds(lease.load().await, "loading");
    notes(clause, found, new, Some(&intent));
}

fn notes(clause: Clause, found: Option<Record>, version: u64, intent: Option<&Intent>) {
    let Some(record) = found else {
        clause.broken("a note took the record away");
    };
    clause.holds(record.version == version, "a note changed the version");
    let same = record.set.refresh().map(|refresh| refresh.expose()) == Some("a");
    clause.holds(same, "a note changed the login");
    clause.holds(
        record.intent.as_ref() == intent,
        "a note is not what was noted, or stays when it should be gone",
    );
}
