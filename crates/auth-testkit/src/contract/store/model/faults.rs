//! The same changes again and again, with a failure at the first call, the second, and so on to the last.

use std::{sync::Arc, time::SystemTime};

use auth_core::{Error, ErrorKind, Intent, Lease, StoreKey, TokenStore};

use super::{Change, Model, StoreFixture, agree, history::differs, make};
use crate::{
    FailingStore, StoreFault,
    contract::{clause::Clause, store::contents::load},
};

/// `fails_at_each_call`: what failed before it was done is not done, what failed after it is, and the next holder goes on
/// from there.
pub(super) async fn run(fixture: &StoreFixture) {
    let clause = fixture.clause("fails_at_each_call");
    for fault in [StoreFault::Before, StoreFault::After] {
        for number in 1.. {
            let failing = FailingStore::new(Arc::clone(&fixture.store));
            failing.at(number, fault(away()));
            let key = fixture.key("fails");
            let is_done = matches!(fault(away()), StoreFault::After(_));
            let (mut model, failed) = play(&failing, &key, is_done).await;
            goes_on(fixture, clause, &key, &mut model).await;
            if !failed {
                break;
            }
        }
    }
}

/// The holder after a failure finds everything in order.
async fn goes_on(fixture: &StoreFixture, clause: Clause, key: &StoreKey, model: &mut Model) {
    let mut lease = fixture.lease(clause, key).await;
    let own = clause.succeeds(lease.load().await, "loading after a failure");
    for found in [own, load(clause, &*fixture.other, key).await] {
        clause.holds(model.is(found.as_ref()), differs(model));
    }
    let stored = model.record.as_ref().map(|kept| kept.version);
    let save = Change::Save(stored, "after".to_owned());
    agree(clause, &mut *lease, model, &save).await;
    clause.succeeds(lease.release().await, "releasing");
}

/// Changes a record in every way up to the call that fails, which `is_done` all the same or not. Returns what the store
/// must hold then, and whether a call failed.
async fn play(store: &FailingStore, key: &StoreKey, is_done: bool) -> (Model, bool) {
    let mut model = Model::default();
    for round in 0..2 {
        let Ok(mut lease) = store.lease(key).await else {
            return (model, true);
        };
        if lease.load().await.is_err() {
            return (model, true);
        }
        for step in 0..6 {
            let Some(change) = change(&*lease, &model, round, step) else {
                continue;
            };
            let after = model.after(&change, lease.next_version());
            let failed = make(&mut *lease, &change).await.is_err();
            if !failed || is_done {
                model = after.unwrap_or(model);
            }
            if failed {
                return (model, true);
            }
        }
        if lease.renew().await.is_err() || lease.release().await.is_err() {
            return (model, true);
        }
    }
    (model, false)
}

fn change(lease: &dyn Lease, model: &Model, round: usize, step: usize) -> Option<Change> {
    let stored = model.record.as_ref().map(|kept| kept.version);
    let intent = Intent::new(SystemTime::UNIX_EPOCH, lease.fence());
    let save = Change::Save(stored, format!("refresh-{round}-{step}"));
    Some(match step {
        0 | 2 => save,
        1 | 3 => Change::Begin(stored?, intent),
        4 => Change::Settle(stored?),
        _ if round == 0 => Change::Remove(stored?),
        _ => save,
    })
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the store is away")
}
