//! A long history of changes, right and wrong ones, through both handles.

use std::time::SystemTime;

use auth_core::Intent;

use super::{Change, Model, StoreFixture, agree};
use crate::contract::{clause::Clause, store::contents::load};

const STEPS: usize = 120;

/// `model`: whatever is done in whatever order, the store is what the model is.
pub(super) async fn run(fixture: &StoreFixture) {
    let clause = fixture.clause("model");
    let keys = [(); 3].map(|()| fixture.key("model"));
    let mut models = [(); 3].map(|()| Model::default());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for step in 0..STEPS {
        let number = dice.below(keys.len());
        let (key, model) = (&keys[number], &mut models[number]);
        let store = [&fixture.store, &fixture.other][dice.below(2)];
        let lease = clause.soon(store.lease(key), "taking a lease").await;
        let mut lease = clause.succeeds(lease, "taking a lease");
        for _ in 0..=dice.below(3) {
            let change = dice.change(model, step, lease.fence());
            agree(clause, &mut *lease, model, &change).await;
            let found = clause.succeeds(lease.load().await, "loading through the lease");
            clause.holds(model.is(found.as_ref()), differs(model));
        }
        if dice.below(4) == 0 {
            drop(lease);
        } else {
            clause.succeeds(lease.release().await, "releasing");
        }
        check(fixture, clause, model, key).await;
    }
    let keys_listed = clause.succeeds(fixture.other.list().await, "listing");
    for (key, model) in keys.iter().zip(&models) {
        clause.holds(
            keys_listed.contains(key) == model.record.is_some(),
            "the list is not what the model has",
        );
    }
}

async fn check(fixture: &StoreFixture, clause: Clause, model: &Model, key: &auth_core::StoreKey) {
    for store in [&fixture.store, &fixture.other] {
        let found = load(clause, &**store, key).await;
        clause.holds(model.is(found.as_ref()), differs(model));
    }
}

pub(super) fn differs(model: &Model) -> String {
    format!("the store does not hold {model:?}")
}

/// The same throws in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    fn change(&mut self, model: &Model, step: usize, fence: u64) -> Change {
        let stored = model.record.as_ref().map(|kept| kept.version);
        let expected = match self.below(6) {
            0 => Some(model.last.wrapping_add(1)),
            1 => stored.map(|version| version.saturating_sub(1)),
            _ => stored,
        };
        let version = expected.unwrap_or(model.last);
        match self.below(8) {
            0 => Change::Remove(version),
            1 | 2 => Change::Begin(version, Intent::new(SystemTime::UNIX_EPOCH, fence)),
            3 => Change::Settle(version),
            _ => Change::Save(expected, format!("refresh-{step}")),
        }
    }
}
