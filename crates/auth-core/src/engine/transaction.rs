//! One exchange, with the store around it.

use std::{pin::pin, sync::Arc, time::Duration};

use crate::{
    Error, ErrorKind, Event, Exchange, Lease, OnRefusedLogin, OnStoreFailure, Record, Sent, Token,
    TokenSet, store::CONFLICT,
};

use super::{
    flight::{race, timed_out, within},
    state::{Landing, Over, Shared, Unsaved},
};

/// How often a lease is renewed while an exchange takes its time.
const LEASE_STEP: Duration = Duration::from_secs(5);

/// Obtains a token: lease, re-read, use what another process obtained, else exchange, save, release.
pub(crate) async fn renew(shared: &Shared, forced: bool) -> Result<Landing, Error> {
    let held = held(shared);
    let (mut lease, record) = match lease(shared).await {
        Some(Ok(leased)) => leased,
        Some(Err(error)) if !serves(shared) || held.is_none() => return Err(error),
        without_store => {
            let set = exchange(shared, held, forced, None).await?;
            let stored = shared.lock().stored;
            if let Some(Err(error)) = without_store {
                unsaved(shared, &set, Over::Version(stored), &error);
            }
            return Ok(landing(set, stored, true));
        }
    };
    if let Some(record) = record.as_ref().filter(|record| is_news(shared, record)) {
        let landing = landing(record.set.clone(), Some(record.version), false);
        release(shared, lease).await;
        return Ok(landing);
    }
    let result = exchange_and_save(shared, &mut *lease, record, held, forced).await;
    release(shared, lease).await;
    result
}

/// Puts a login in place that was obtained elsewhere, over whatever is stored.
pub(crate) async fn put(shared: &Shared, set: TokenSet) -> Result<Landing, Error> {
    let Some(leased) = lease(shared).await else {
        return Ok(landing(set, None, false));
    };
    let (mut lease, record) = match leased {
        Ok(leased) => leased,
        Err(error) => return keep(shared, set, Over::Anything, error, false),
    };
    let expected = record.map(|record| record.version);
    let result = save(shared, &mut *lease, set, expected, false).await;
    release(shared, lease).await;
    result
}

/// Saves what could not be saved before: whoever takes the lease does that first.
pub(crate) async fn save_pending(shared: &Shared) -> Result<(), Error> {
    if shared.lock().unsaved.is_none() {
        return Ok(());
    }
    let Some(leased) = lease(shared).await else {
        return Ok(());
    };
    let (lease, _) = leased?;
    release(shared, lease).await;
    Ok(())
}

/// Takes the lease, if there is a store, and reads what is stored once everything is.
async fn lease(shared: &Shared) -> Option<Result<(Box<dyn Lease>, Option<Record>), Error>> {
    let (store, key) = shared.store.as_ref()?;
    let limit = shared.policy.exchange_timeout;
    let leased = within(shared, limit, Sent::No, async {
        let mut lease = store.lease(key).await?;
        let record = lease.load().await?;
        let record = write_pending(shared, &mut *lease, record).await?;
        Ok((lease, record))
    });
    Some(leased.await)
}

/// Writes the set that waits to be saved, unless somebody else saved a newer one, and returns what is stored then.
async fn write_pending(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
) -> Result<Option<Record>, Error> {
    let Some(Unsaved { set, over }) = shared.lock().unsaved.clone() else {
        return Ok(record);
    };
    let mut stored = record;
    let expected = stored.as_ref().map(|record| record.version);
    if over == Over::Anything || over == Over::Version(expected) {
        let version = lease.save(expected, &set).await?;
        stored = Some(Record::new(set, version));
        shared.watch.tell(&Event::Saved);
    }
    let mut state = shared.lock();
    state.unsaved = None;
    if serves(shared) {
        state.stored = stored.as_ref().map(|record| record.version);
    } else {
        // It was not in use yet; the next caller finds it in the store.
        state.failure = None;
        state.retry_at = None;
    }
    Ok(stored)
}

async fn exchange_and_save(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
    held: Option<TokenSet>,
    forced: bool,
) -> Result<Landing, Error> {
    let expected = record.as_ref().map(|record| record.version);
    let previous = match record {
        Some(record) => Some(record.set),
        // What was stored is gone: somebody ended the login, so the copy held in memory is dead too.
        None if shared.lock().stored.is_some() => None,
        None => held,
    };
    let refused = match exchange(shared, previous, forced, Some(lease)).await {
        Ok(set) => return save(shared, lease, set, expected, true).await,
        Err(error) if error.kind() == ErrorKind::LoginRequired => error,
        Err(error) => return Err(error),
    };
    // Believed only after one more look: another process may have renewed the login meanwhile.
    let limit = shared.policy.exchange_timeout;
    let again = within(shared, limit, Sent::No, lease.load())
        .await
        .map_err(|_| refused.clone())?;
    match again {
        Some(moved) if Some(moved.version) != expected => {
            if is_news(shared, &moved) {
                return Ok(landing(moved.set, Some(moved.version), false));
            }
            let set = exchange(shared, Some(moved.set), forced, Some(lease)).await?;
            save(shared, lease, set, Some(moved.version), true).await
        }
        Some(same) => {
            if shared.policy.on_refused_login == OnRefusedLogin::Remove {
                // A record that cannot be removed is refused again next time; nothing is lost by that.
                let _ = within(shared, limit, Sent::No, lease.remove(same.version)).await;
            }
            Err(refused)
        }
        None => Err(refused),
    }
}

async fn exchange(
    shared: &Shared,
    previous: Option<TokenSet>,
    forced: bool,
    mut lease: Option<&mut dyn Lease>,
) -> Result<TokenSet, Error> {
    let mut ctx = Exchange::new(Arc::clone(&shared.clock));
    ctx.refused = previous.as_ref().is_some_and(|set| is_refused(shared, set));
    ctx.previous = previous;
    ctx.forced = forced;
    let limit = shared.policy.exchange_timeout;
    let deadline = shared.clock.monotonic().saturating_add(limit);
    let mut work = pin!(shared.grant.exchange(&ctx));
    loop {
        let step = shared.clock.monotonic().saturating_add(LEASE_STEP);
        let wake = if lease.is_some() {
            deadline.min(step)
        } else {
            deadline
        };
        if let Ok(result) = race(work.as_mut(), shared.clock.sleep_until(wake)).await {
            return result;
        }
        if shared.clock.monotonic() >= deadline {
            return Err(timed_out(Sent::Maybe));
        }
        if let Some(lease) = &mut lease {
            // A lost lease shows when the result is saved; the exchange is under way and must not be dropped.
            let _ = within(shared, LEASE_STEP, Sent::No, lease.renew()).await;
        }
    }
}

/// Saves before anybody can use the new token.
async fn save(
    shared: &Shared,
    lease: &mut dyn Lease,
    set: TokenSet,
    expected: Option<u64>,
    exchanged: bool,
) -> Result<Landing, Error> {
    let limit = shared.policy.exchange_timeout;
    match within(shared, limit, Sent::No, lease.save(expected, &set)).await {
        Ok(version) => {
            shared.lock().unsaved = None;
            Ok(landing(set, Some(version), exchanged))
        }
        Err(error) if exchanged => keep(shared, set, Over::Version(expected), error, true),
        Err(error) => keep(shared, set, Over::Anything, error, false),
    }
}

/// Keeps in memory what the store did not take, and lets the policy say whether it is used.
fn keep(
    shared: &Shared,
    set: TokenSet,
    over: Over,
    error: Error,
    exchanged: bool,
) -> Result<Landing, Error> {
    unsaved(shared, &set, over, &error);
    if serves(shared) {
        let stored = shared.lock().stored;
        return Ok(landing(set, stored, exchanged));
    }
    Err(error)
}

fn unsaved(shared: &Shared, set: &TokenSet, over: Over, error: &Error) {
    // Saving over a newer login would bring a spent one back.
    if over == Over::Anything || error.code() != Some(CONFLICT) {
        let set = set.clone();
        shared.lock().unsaved = Some(Unsaved { set, over });
    }
    let error = error.clone();
    shared.watch.tell(&Event::Unsaved { error });
}

async fn release(shared: &Shared, lease: Box<dyn Lease>) {
    // The work is done and saved. A lease that cannot be given back now is given back by its drop.
    let _ = within(shared, LEASE_STEP, Sent::No, lease.release()).await;
}

/// Returns whether a record holds a token that is new to us and worth using.
fn is_news(shared: &Shared, record: &Record) -> bool {
    let now = shared.clock.now();
    let state = shared.lock();
    let access = |token: &Token| token.access().clone();
    let known = state.token().map(access);
    record.set.token().is_some_and(|token| {
        let same = known.as_ref().map(crate::Secret::expose) == Some(token.access().expose());
        let ending = token.lifetime().is_some_and(|life| {
            let margin = shared.policy.mandatory.of(life.length());
            life.ends().earlier(margin).has_come(now)
        });
        Some(record.version) != state.stored && !ending && !(same && state.refused)
    })
}

/// Returns whether the access token of `set` is the one that a server refused.
fn is_refused(shared: &Shared, set: &TokenSet) -> bool {
    let state = shared.lock();
    let texts = state.token().zip(set.token());
    state.refused
        && texts.is_some_and(|(own, other)| own.access().expose() == other.access().expose())
}

fn held(shared: &Shared) -> Option<TokenSet> {
    let state = shared.lock();
    let unsaved = state.unsaved.as_ref().map(|unsaved| unsaved.set.clone());
    unsaved.or_else(|| state.set.clone())
}

fn landing(set: TokenSet, stored: Option<u64>, exchanged: bool) -> Landing {
    Landing {
        set,
        stored,
        exchanged,
    }
}

fn serves(shared: &Shared) -> bool {
    shared.policy.on_store_failure == OnStoreFailure::Serve
}
