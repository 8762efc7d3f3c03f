//! The note in the store that a refresh token is being spent, and what to do about one that a dead process left.

use std::time::{Duration, SystemTime};

use crate::{Error, ErrorKind, Intent, Lease, Record, Sent, TokenSet};

use super::{flight::within, saving, state::Shared};

#[cfg(test)]
mod tests;

/// The code of the error while the exchange of another process is left to it.
const BEGUN_ELSEWHERE: &str = "begun_elsewhere";

/// How often one refresh token may be sent where the provider grants leeway.
const SENDS: u32 = 2;

/// Notes that the refresh token of `previous` is about to be sent, if an exchange spends it, and returns the record to
/// save over. A login that was never stored is stored first, so that there is something to note it on.
pub(super) async fn begin(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
    previous: Option<&TokenSet>,
) -> Result<Option<Record>, Error> {
    let spent = previous.filter(|set| shared.grant.rotates() && set.refresh().is_some());
    let Some(spent) = spent else {
        return Ok(record);
    };
    let limit = shared.policy.exchange_timeout;
    let noted = within(shared, limit, Sent::No, note(shared, lease, &record, spent)).await;
    match noted {
        Ok(Noted::Begun(record)) => Ok(Some(record)),
        Ok(Noted::Theirs(wait)) => Err(begun_elsewhere(wait)),
        Ok(Noted::Unknown) => Err(outcome_unknown()),
        // Who serves without the store exchanges without it too.
        Err(_) if saving::serves(shared) => Ok(record),
        Err(error) => Err(error),
    }
}

/// Takes the note away after an exchange that brought nothing: this process knows how it ended, and says so itself.
pub(super) async fn settle(shared: &Shared, lease: &mut dyn Lease, version: Option<u64>) {
    if let Some(version) = version.filter(|_| shared.grant.rotates()) {
        let limit = shared.policy.exchange_timeout;
        // A note that stays is reported as unknown once; nothing is lost by that.
        let _ = within(shared, limit, Sent::No, lease.settle(version)).await;
    }
}

enum Noted {
    Begun(Record),
    /// Another process began, and may still save what it got.
    Theirs(Duration),
    /// Another process began and died, and the provider may have spent the token.
    Unknown,
}

async fn note(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: &Option<Record>,
    spent: &TokenSet,
) -> Result<Noted, Error> {
    let record = match record {
        Some(record) => record.clone(),
        None => Record::new(spent.clone(), lease.save(None, spent).await?),
    };
    let now = shared.clock.wall();
    let intent = match record.intent.clone() {
        None => Intent::new(now, lease.fence()),
        Some(left) if may_send_again(&left, shared.grant.leeway(), now) => {
            left.again(lease.fence())
        }
        Some(left) => {
            if let Some(wait) = left_to_them(shared, &left) {
                return Ok(Noted::Theirs(wait));
            }
            // Told once: the next attempt asks the provider.
            lease.settle(record.version).await?;
            return Ok(Noted::Unknown);
        }
    };
    shared.lock().noted = Some(intent.fence);
    lease.begin(record.version, &intent).await?;
    Ok(Noted::Begun(record))
}

/// Returns how much longer the exchange noted in `left` is left to the process that began it, unless that was this one.
fn left_to_them(shared: &Shared, left: &Intent) -> Option<Duration> {
    let now = shared.clock.monotonic();
    let mut state = shared.lock();
    if state.noted == Some(left.fence) {
        return None;
    }
    let since = match &state.theirs {
        Some((seen, since)) if seen == left => *since,
        _ => now,
    };
    state.theirs = Some((left.clone(), since));
    let passed = now.saturating_sub(since);
    let wait = shared.policy.abandoned_after.saturating_sub(passed);
    (!wait.is_zero()).then_some(wait)
}

/// Returns whether the provider promises to take a refresh token once more that was sent under `left`.
fn may_send_again(left: &Intent, leeway: Duration, now: SystemTime) -> bool {
    // A clock that went back says nothing about how long ago it was.
    let passed = now.duration_since(left.begun);
    left.sends < SENDS && passed.is_ok_and(|passed| passed < leeway)
}

fn begun_elsewhere(wait: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "another process is spending the refresh token, or ended while it did; what it saves is used, and after the \
         policy's abandoned_after it counts as ended",
    )
    .with_code(BEGUN_ELSEWHERE)
    .with_retry_after(wait)
}

fn outcome_unknown() -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        "a process ended while it was spending the refresh token, which may be lost; the next attempt asks the \
         provider, and where that is refused a person must log in again",
    )
    .with_sent(Sent::Maybe)
}
