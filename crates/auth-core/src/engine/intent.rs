//! The note in the store that a refresh token is being spent, and what to do about one that a dead process left.

use std::time::{Duration, SystemTime};

use crate::{
    Error, ErrorKind, Intent, Lease, Now, Record, Sent, TokenSet,
    store::{BEGUN_ELSEWHERE, CONFLICT},
};

use super::{flight::within, saving, shared::Shared};

#[cfg(test)]
mod tests;

/// How often one refresh token may be sent where the provider grants leeway.
const SENDS: u32 = 2;

/// A note of another process counts as left behind once it is so old by the wall clock, however lately it was first seen:
/// a program that runs for a moment at a time sees it for the first time each time.
const LEFT_BEHIND: Duration = Duration::from_secs(10 * 60);

/// What an exchange has in the store when it begins.
pub(super) struct Begun {
    /// What the result goes over.
    pub(super) record: Option<Record>,
    noted: bool,
}

/// Notes that the refresh token of `previous` is about to be sent, if an exchange spends it. A login that was never stored
/// is stored first, so that there is something to note it on.
pub(super) async fn begin(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
    previous: Option<&TokenSet>,
) -> Result<Begun, Error> {
    let mut begun = Begun {
        record,
        noted: false,
    };
    let spent = previous.filter(|set| shared.grant.rotates() && set.refresh().is_some());
    let Some(spent) = spent else {
        return Ok(begun);
    };
    let limit = shared.policy.exchange_timeout;
    let noting = note(shared, lease, &mut begun, spent);
    let noted = within(shared, limit, Sent::No, noting).await;
    match noted {
        Ok(()) => Ok(begun),
        Err(error) if saving::goes_without(shared, &error) => Ok(begun),
        Err(error) => Err(error),
    }
}

/// Takes the note away after an exchange that brought nothing, if it is known that the refresh token is not spent.
pub(super) async fn settle(shared: &Shared, lease: &mut dyn Lease, begun: &Begun, sent: Sent) {
    if let (Some(record), true) = (&begun.record, begun.noted && sent != Sent::Maybe) {
        let limit = shared.policy.exchange_timeout;
        // A note that stays is taken up by the next attempt.
        let _ = within(shared, limit, Sent::No, lease.settle(record.version)).await;
    }
}

async fn note(
    shared: &Shared,
    lease: &mut dyn Lease,
    begun: &mut Begun,
    spent: &TokenSet,
) -> Result<(), Error> {
    let record = match &begun.record {
        Some(record) => record.clone(),
        None => {
            let version = lease.save(None, spent).await?;
            let record = Record::new(spent.clone(), version);
            begun.record = Some(record.clone());
            record
        }
    };
    let now = shared.clock.now();
    let left = record.intent.as_ref();
    match left.map_or(Found::Nothing, |left| found(shared, left, now)) {
        Found::Theirs => return Err(begun_elsewhere()),
        Found::Abandoned => {
            // Told once: the next attempt asks the provider.
            lease.settle(record.version).await?;
            return Err(outcome_unknown());
        }
        Found::Nothing | Found::Ours => {}
    }
    let intent = match left.cloned() {
        Some(left) => left.again(lease.fence()),
        None => Intent::new(now.wall, lease.fence()),
    };
    let found = left.map(|left| left.fence);
    shared.lock().note(intent.fence, found);
    if let Err(error) = lease.begin(record.version, &intent).await {
        if left.is_none() && error.code() != Some(CONFLICT) {
            // It may be there all the same, and nothing is sent.
            let _ = lease.settle(record.version).await;
        }
        return Err(error);
    }
    begun.noted = true;
    Ok(())
}

/// Whose note was found, and what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    /// There is none.
    Nothing,
    /// The token may be sent again: this process sent it and said how that ended, or the provider promises to take it.
    Ours,
    /// Another process may still save what it got.
    Theirs,
    /// Another process died, and the provider may have spent the token.
    Abandoned,
}

fn found(shared: &Shared, left: &Intent, now: Now) -> Found {
    let leeway = shared.grant.leeway();
    let mut state = shared.lock();
    if state.has_noted(left.fence) || may_send_again(left, leeway, now.wall) {
        return Found::Ours;
    }
    let since = state.see(left, now.monotonic);
    let seen_for = now.monotonic.saturating_sub(since);
    let age = now.wall.duration_since(left.begun).unwrap_or_default();
    if seen_for >= shared.policy.abandoned_after || age >= LEFT_BEHIND {
        Found::Abandoned
    } else {
        Found::Theirs
    }
}

/// Returns whether the provider promises to take a refresh token once more that was sent under `left`.
fn may_send_again(left: &Intent, leeway: Duration, now: SystemTime) -> bool {
    // A clock that went back says nothing about how long ago it was.
    let passed = now.duration_since(left.begun);
    left.sends < SENDS && passed.is_ok_and(|passed| passed < leeway)
}

fn begun_elsewhere() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "another process is spending the refresh token, or ended while it did; what it saves is used, and after the \
         policy's abandoned_after it counts as ended",
    )
    .with_code(BEGUN_ELSEWHERE)
}

fn outcome_unknown() -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        "a process ended while it was spending the refresh token, which may be lost; the next attempt asks the \
         provider, and where that is refused a person must log in again",
    )
    .with_sent(Sent::Maybe)
}
