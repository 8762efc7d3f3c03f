//! Saving a set, and keeping in memory what the store did not take.

use crate::{
    Error, ErrorKind, Event, Lease, OnStoreFailure, Record, Secret, Sent, Token, TokenSet,
    store::{BEGUN_ELSEWHERE, CONFLICT, LEASE_TIMEOUT},
};

use super::{
    flight::within,
    shared::{Shared, next_version},
    state::{Landing, Over, Unsaved},
};

/// How often a save is tried before the lease is given back. Whoever holds the lease next would spend the old token.
const TRIES: usize = 3;

/// Saves before anybody can use the new token. The set is in memory before anything can go wrong, so that neither a
/// store that panics nor a runtime that ends can lose it.
pub(super) async fn save(
    shared: &Shared,
    lease: &mut dyn Lease,
    set: TokenSet,
    stored: Option<Record>,
    over: Over,
    spent: Option<Secret>,
) -> Result<Landing, Error> {
    // What goes over anything was handed in by a person.
    let exchanged = over != Over::Anything;
    let ticket = remember(shared, &set, over, spent.clone());
    let limit = shared.policy.exchange_timeout;
    let writing = write(lease, &set, over, spent.as_ref(), stored);
    let written = within(shared, limit, Sent::No, writing).await;
    match written {
        Ok(record) => {
            settle(shared, ticket, record.version);
            Ok(Landing::new(record.set, Some(record.version), exchanged))
        }
        Err(error) => failed(shared, set, error, exchanged),
    }
}

/// Says that a set could not be saved, and lets the policy say whether it is used all the same.
pub(super) fn failed(
    shared: &Shared,
    set: TokenSet,
    error: Error,
    exchanged: bool,
) -> Result<Landing, Error> {
    let told = error.clone();
    shared.tell(&Event::Unsaved { error: told });
    if serves(shared) {
        let stored = shared.read().stored();
        return Ok(Landing::new(set, stored, exchanged));
    }
    Err(error)
}

/// Saves the set that waits to be saved, unless somebody saved a newer one, and returns what is stored then.
pub(super) async fn save_pending(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
) -> Result<Option<Record>, Error> {
    let Some(pending) = shared.read().unsaved().cloned() else {
        return Ok(record);
    };
    let spent = pending.spent.as_ref();
    let written = write(lease, &pending.set, pending.over, spent, record).await?;
    settle(shared, pending.ticket, written.version);
    let mut old = None;
    {
        let mut state = shared.lock();
        if !serves(shared) {
            // It was not in use yet. The next caller finds it in the store.
            old = state.failure.take();
            state.retry_at = None;
            state.refuse();
        }
        shared.touch(&mut state);
    }
    // What an error was made of is foreign code, whose drop must not run under the lock.
    drop(old);
    if is_same(&written.set, &pending.set) {
        shared.tell(&Event::Saved);
    }
    Ok(Some(written))
}

/// Keeps a set in memory until it is saved, and returns the number under which it waits.
pub(super) fn remember(shared: &Shared, set: &TokenSet, over: Over, spent: Option<Secret>) -> u64 {
    let ticket = next_version();
    *shared.lock().unsaved_mut() = Some(Box::new(Unsaved {
        set: set.clone(),
        over,
        spent,
        ticket,
    }));
    ticket
}

/// Keeps a set that was obtained without the store. It was made of the one that waits, if one does, and goes over the
/// same record.
pub(super) fn remember_unleased(shared: &Shared, set: &TokenSet, spent: Option<Secret>) {
    let mut state = shared.lock();
    let waiting = state.unsaved().map(|pending| pending.over);
    let over = waiting.unwrap_or(Over::Version(state.stored()));
    *state.unsaved_mut() = Some(Box::new(Unsaved {
        set: set.clone(),
        over,
        spent,
        ticket: next_version(),
    }));
}

/// Brings a store up to date that lost what it had acknowledged, as a replica may when it is promoted: the older login is
/// spent, and the one held here is not.
pub(super) async fn bring_back(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
) -> Result<Option<Record>, Error> {
    let lost = {
        let state = shared.read();
        let older = version(record.as_ref()) < state.stored();
        state.set().filter(|_| record.is_some() && older)
    };
    match lost {
        Some(set) => {
            let over = Over::Version(version(record.as_ref()));
            write(lease, &set, over, None, record).await.map(Some)
        }
        None => Ok(record),
    }
}

pub(super) fn serves(shared: &Shared) -> bool {
    shared.policy.on_store_failure == OnStoreFailure::Serve
}

/// Returns whether the policy lets an exchange go on without the store after this `error`. Only where the store is away:
/// where it says no, or somebody else holds the login, the refresh token may be spent already.
pub(super) fn goes_without(shared: &Shared, error: &Error) -> bool {
    let held = [CONFLICT, BEGUN_ELSEWHERE].contains(&error.code().unwrap_or_default());
    let busy = error.code() == Some(LEASE_TIMEOUT) && shared.grant.rotates();
    serves(shared) && error.kind() == ErrorKind::Unavailable && !held && !busy
}

pub(super) fn version(record: Option<&Record>) -> Option<u64> {
    record.map(|record| record.version)
}

/// Writes `set`, and returns what is stored in the end: the set, or a newer one that somebody else saved.
async fn write(
    lease: &mut dyn Lease,
    set: &TokenSet,
    mut over: Over,
    spent: Option<&Secret>,
    mut stored: Option<Record>,
) -> Result<Record, Error> {
    let mut failure = None;
    for _ in 0..TRIES {
        if let Some(record) = &stored {
            // Versions rise. A lower one than was known is of a store that forgot what it had acknowledged.
            let overtaken = match over {
                Over::Version(expected) => {
                    expected.is_none_or(|expected| expected < record.version)
                }
                Over::Anything => false,
            };
            // Whatever its version, a record of the token that was spent for this set is not newer than it.
            let overtaken = overtaken && !is_spent(record, spent);
            // Where it is the set itself, an earlier attempt got through and only its answer was lost.
            if overtaken || is_same(&record.set, set) {
                return Ok(record.clone());
            }
        }
        // A record that is gone overtakes nothing.
        let expected = version(stored.as_ref());
        match lease.save(expected, set).await {
            Ok(version) => return Ok(Record::new(set.clone(), version)),
            Err(error) => failure = Some(error),
        }
        if over != Over::Anything {
            over = Over::Version(expected);
        }
        stored = lease.load().await?;
    }
    Err(failure
        .unwrap_or_else(|| Error::new(ErrorKind::Unavailable, "the login could not be saved")))
}

/// Ends the wait of what was saved. A set that came after it was made of it, so it goes over the version just saved.
fn settle(shared: &Shared, ticket: u64, saved: u64) {
    let mut state = shared.lock();
    let unsaved = state.unsaved_mut();
    match unsaved {
        Some(pending) if pending.ticket == ticket => *unsaved = None,
        Some(pending) if pending.over != Over::Anything => {
            pending.over = Over::Version(Some(saved));
        }
        _ => {}
    }
    if serves(shared) {
        // What is saved is in use already, and no news to us.
        state.note_stored(Some(saved));
    }
}

fn is_spent(record: &Record, spent: Option<&Secret>) -> bool {
    let stored = record.set.refresh().map(Secret::expose);
    stored.is_some() && stored == spent.map(Secret::expose)
}

fn is_same(one: &TokenSet, other: &TokenSet) -> bool {
    let access = |set: &TokenSet| set.token().map(Token::access).cloned();
    let same = |one: Option<Secret>, other: Option<Secret>| {
        one.as_ref().map(Secret::expose) == other.as_ref().map(Secret::expose)
    };
    same(access(one), access(other)) && same(one.refresh().cloned(), other.refresh().cloned())
}
