//! Every call, dropped at every wait it has.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use auth_core::{Error, Intent, Lease, Record, Secret, StoreKey};

use super::{StoreFixture, changes::login};
use crate::contract::clause::Clause;

/// More waits than any call has.
const MOST: usize = 200;

/// A call that may be dropped.
#[derive(Clone, Copy, Debug)]
enum Call {
    Load,
    Lease,
    List,
    LeaseLoad,
    Save,
    Begin,
    Settle,
    Renew,
    Remove,
    Release,
}

const CALLS: [Call; 10] = [
    Call::Load,
    Call::Lease,
    Call::List,
    Call::LeaseLoad,
    Call::Save,
    Call::Begin,
    Call::Settle,
    Call::Renew,
    Call::Remove,
    Call::Release,
];

/// `dropped_anywhere`: whoever comes next finds a store in order and the record before or after the call, whole.
pub(super) async fn run(fixture: &StoreFixture) {
    let clause = fixture.clause("dropped_anywhere");
    for call in CALLS {
        let ended = drop_at_each_wait(fixture, clause, call).await;
        clause.holds(ended, format_args!("{call:?} does not come to an end"));
    }
}

async fn drop_at_each_wait(fixture: &StoreFixture, clause: Clause, call: Call) -> bool {
    for waits in 1..MOST {
        let key = fixture.key("dropped anywhere");
        let mut lease = fixture.lease(clause, &key).await;
        let version = clause.succeeds(lease.save(None, &login("old")).await, "saving");
        let dropped = one(fixture, clause, call, waits, lease, &key, version).await;
        let mut lease = fixture.lease(clause, &key).await;
        let found = clause.succeeds(lease.load().await, "loading after a dropped call");
        is_whole(clause, call, found.as_ref());
        let expected = found.map(|record| record.version);
        let saved = lease.save(expected, &login("next")).await;
        let version = clause.succeeds(saved, "saving after a dropped call");
        clause.succeeds(lease.remove(version).await, "removing after a dropped call");
        clause.succeeds(lease.release().await, "releasing after a dropped call");
        if !dropped {
            return true;
        }
    }
    false
}

/// Makes the call and drops it when it waits for the `waits`-th time. Returns whether it did.
async fn one(
    fixture: &StoreFixture,
    clause: Clause,
    call: Call,
    waits: usize,
    mut lease: Box<dyn Lease>,
    key: &StoreKey,
    version: u64,
) -> bool {
    let intent = Intent::new(std::time::SystemTime::UNIX_EPOCH, lease.fence());
    let doing = format!("{call:?}");
    let outcome = match call {
        Call::Load => up_to(waits, fixture.store.load(key)).await.map(done),
        Call::List => up_to(waits, fixture.store.list()).await.map(done),
        Call::Lease => {
            clause.succeeds(lease.release().await, "releasing");
            up_to(waits, fixture.store.lease(key)).await.map(done)
        }
        Call::LeaseLoad => up_to(waits, lease.load()).await.map(done),
        Call::Save => up_to(waits, lease.save(Some(version), &login("new")))
            .await
            .map(done),
        Call::Begin => up_to(waits, lease.begin(version, &intent)).await,
        Call::Settle => up_to(waits, lease.settle(version)).await,
        Call::Renew => up_to(waits, lease.renew()).await,
        Call::Remove => up_to(waits, lease.remove(version)).await,
        Call::Release => up_to(waits, lease.release()).await,
    };
    let dropped = outcome.is_none();
    clause.succeeds(outcome.unwrap_or(Ok(())), &doing);
    dropped
}

fn done<T>(outcome: Result<T, Error>) -> Result<(), Error> {
    outcome.map(drop)
}

/// Drives a future until it ends or waits for the `waits`-th time.
async fn up_to<T>(waits: usize, future: impl Future<Output = T> + Send) -> Option<T> {
    let mut future = pin!(future);
    let mut waited = 0;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            waited += 1;
            if waited < waits {
                Poll::Pending
            } else {
                Poll::Ready(None)
            }
        }
    })
    .await
}

fn is_whole(clause: Clause, call: Call, found: Option<&Record>) {
    let refresh = found.map(|record| record.set.refresh().map(Secret::expose));
    let whole = match call {
        Call::Save => matches!(refresh, Some(Some("old" | "new"))),
        Call::Remove => matches!(refresh, None | Some(Some("old"))),
        _ => refresh == Some(Some("old")),
    };
    clause.holds(
        whole,
        format_args!("{call:?}, dropped, left something that nobody saved"),
    );
}
