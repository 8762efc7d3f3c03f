//! One exchange, with the store around it.

use std::{pin::pin, sync::Arc, time::Duration};

use crate::{
    Error, ErrorKind, Event, Exchange, Lease, OnRefusedLogin, Record, Secret, Sent, Token,
    TokenSet,
    store::{CONFLICT, LEASE_TIMEOUT},
};

use super::{
    flight::{race, timed_out, within},
    intent, place,
    saving::{self, version},
    shared::Shared,
    state::{Landing, Over},
};

/// How often a lease is renewed while an exchange takes its time.
const LEASE_STEP: Duration = Duration::from_secs(5);

/// Obtains a token: lease, re-read, use what another process obtained, else exchange, save, release.
pub(crate) async fn renew(shared: &Shared, forced: bool) -> Result<Landing, Error> {
    let mut place = None;
    loop {
        let held = held(shared);
        let (mut lease, record) = match lease(shared).await {
            Some(Ok(leased)) => leased,
            Some(Err(error)) if held.is_none() || !saving::goes_without(shared, &error) => {
                return Err(error);
            }
            without_store => {
                if !place::take(shared, &mut place) {
                    place = place::wait(shared, forced).await?;
                    // The store may be back, and with it a login that is newer than the one held.
                    continue;
                }
                let spent = held.as_ref().and_then(TokenSet::refresh).cloned();
                let set = exchange(shared, held, forced, None).await?;
                if let Some(Err(error)) = without_store {
                    saving::remember_unleased(shared, &set, spent);
                    drop(place);
                    shared.tell(&Event::Unsaved { error });
                }
                let stored = shared.read().stored();
                return Ok(Landing::new(set, stored, true));
            }
        };
        // Who forces a renewal wants another token than the one that a store had when the process came up.
        let wanted = !forced || shared.read().stored().is_some();
        if let Some(record) = record
            .as_ref()
            .filter(|record| wanted && is_news(shared, record))
        {
            let landing = Landing::new(record.set.clone(), Some(record.version), false);
            release(shared, lease).await;
            return Ok(landing);
        }
        if place::take(shared, &mut place) {
            let result = exchange_and_save(shared, &mut *lease, record, held, forced).await;
            drop(place);
            release(shared, lease).await;
            return result;
        }
        // Whoever waits for a place keeps nobody from the login, and looks again afterwards, with the place in hand.
        release(shared, lease).await;
        place = place::wait(shared, forced).await?;
    }
}

/// Puts a login in place that was obtained elsewhere, over whatever is stored.
pub(crate) async fn put(shared: &Shared, set: TokenSet) -> Result<Landing, Error> {
    let Some(leased) = lease(shared).await else {
        return Ok(Landing::new(set, None, false));
    };
    let (mut lease, record) = match leased {
        Ok(leased) => leased,
        Err(error) => {
            saving::remember(shared, &set, Over::Anything, None);
            return saving::failed(shared, set, error, false);
        }
    };
    let over = Over::Anything;
    let result = saving::save(shared, &mut *lease, set, record, over, None).await;
    release(shared, lease).await;
    result
}

/// Saves what could not be saved before: whoever takes the lease does that first.
pub(crate) async fn save_pending(shared: &Shared) -> Result<(), Error> {
    if shared.read().unsaved().is_none() {
        return Ok(());
    }
    // A try that hangs must not keep the next one waiting: others wait for this login.
    let limit = shared.policy.exchange_timeout / 3;
    let Some(leased) = lease_within(shared, limit).await else {
        return Ok(());
    };
    let (lease, _) = leased?;
    release(shared, lease).await;
    Ok(())
}

/// Takes the lease, if there is a store, and reads what is stored once everything is.
async fn lease(shared: &Shared) -> Option<Result<(Box<dyn Lease>, Option<Record>), Error>> {
    lease_within(shared, shared.policy.exchange_timeout).await
}

async fn lease_within(
    shared: &Shared,
    limit: Duration,
) -> Option<Result<(Box<dyn Lease>, Option<Record>), Error>> {
    let (store, key) = shared.store()?;
    let deadline = shared.clock.monotonic().saturating_add(limit);
    let granted = race(store.lease(key), shared.clock.sleep_until(deadline)).await;
    let mut lease = match granted {
        Ok(Ok(lease)) => lease,
        Ok(Err(error)) => return Some(Err(error)),
        Err(()) => return Some(Err(lease_timeout())),
    };
    let leased = within(shared, limit, Sent::No, async {
        let record = lease.load().await?;
        let record = saving::save_pending(shared, &mut *lease, record).await?;
        let record = saving::bring_back(shared, &mut *lease, record).await?;
        Ok((lease, record))
    });
    Some(leased.await)
}

async fn exchange_and_save(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
    held: Option<TokenSet>,
    forced: bool,
) -> Result<Landing, Error> {
    let previous = match &record {
        Some(record) => Some(record.set.clone()),
        // What was stored is gone: somebody ended the login, so the copy held in memory is dead too.
        None if shared.read().stored().is_some() => None,
        // What the grant was configured with is stored before it is spent.
        None => held.or_else(|| shared.grant.initial().map(TokenSet::login)),
    };
    let known = version(record.as_ref());
    let (tried, result) = spend(shared, lease, record, previous, forced).await;
    let unsent = tried.is_none() && known.is_some();
    let refused = match result {
        Err(error) if error.kind() == ErrorKind::LoginRequired => error,
        // The lease was lost before anything was sent, as when this process stood still for too long.
        Err(error) if unsent && error.code() == Some(CONFLICT) => error,
        result => return result,
    };
    // Believed only after one more look: another process may have renewed the login meanwhile.
    let limit = shared.policy.exchange_timeout;
    let again = within(shared, limit, Sent::No, lease.load()).await?;
    let Some(again) = again else {
        return Err(refused);
    };
    if tried == Some(again.version) {
        // Only a server's word ends a login; what was refused on this side was never asked.
        let removes = shared.policy.on_refused_login == OnRefusedLogin::Remove;
        if removes && refused.sent() == Sent::Answered {
            // A record that cannot be removed is refused again next time; nothing is lost by that.
            let _ = within(shared, limit, Sent::No, lease.remove(again.version)).await;
        }
        return Err(refused);
    }
    if is_news(shared, &again) {
        return Ok(Landing::new(again.set, Some(again.version), false));
    }
    let previous = Some(again.set.clone());
    spend(shared, lease, Some(again), previous, forced).await.1
}

/// Exchanges what `previous` holds and saves what that brings over `record`, or over what `previous` was stored as, whose
/// version is returned too.
async fn spend(
    shared: &Shared,
    lease: &mut dyn Lease,
    record: Option<Record>,
    previous: Option<TokenSet>,
    forced: bool,
) -> (Option<u64>, Result<Landing, Error>) {
    let begun = match intent::begin(shared, lease, record, previous.as_ref()).await {
        Ok(begun) => begun,
        Err(error) => return (None, Err(error)),
    };
    let stored = version(begun.record.as_ref());
    let spent = previous.as_ref().and_then(TokenSet::refresh).cloned();
    let result = match exchange(shared, previous, forced, Some(lease)).await {
        Ok(set) => {
            let over = Over::Version(stored);
            saving::save(shared, lease, set, begun.record, over, spent).await
        }
        Err(error) => {
            intent::settle(shared, lease, &begun, error.sent()).await;
            Err(error)
        }
    };
    (stored, result)
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
            let renewal = within(shared, LEASE_STEP, Sent::No, lease.renew());
            if let Ok(result) = race(work.as_mut(), renewal).await {
                return result;
            }
        }
    }
}

fn lease_timeout() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the store did not grant its lease in time: another process has it, or the store does not answer; try again",
    )
    .with_code(LEASE_TIMEOUT)
}

async fn release(shared: &Shared, lease: Box<dyn Lease>) {
    // The work is done and saved. A lease that cannot be given back now is given back by its drop.
    let _ = within(shared, LEASE_STEP, Sent::No, lease.release()).await;
}

/// Returns whether a record holds a token that is new to us and worth using.
fn is_news(shared: &Shared, record: &Record) -> bool {
    let now = shared.clock.now();
    let state = shared.read();
    let access = |token: &Token| token.access().clone();
    let known = state.token().map(access);
    record.set.token().is_some_and(|token| {
        let same = known.as_ref().map(Secret::expose) == Some(token.access().expose());
        let ending = token.lifetime().is_some_and(|life| {
            let margin = shared.policy.mandatory.of(life.length());
            life.ends().earlier(margin).has_come(now)
        });
        Some(record.version) > state.stored() && !ending && !(same && state.is_refused())
    })
}

/// Returns whether the access token of `set` is the one that a server refused.
fn is_refused(shared: &Shared, set: &TokenSet) -> bool {
    let state = shared.read();
    let texts = state.token().zip(set.token());
    state.is_refused()
        && texts.is_some_and(|(own, other)| own.access().expose() == other.access().expose())
}

fn held(shared: &Shared) -> Option<TokenSet> {
    let state = shared.read();
    let unsaved = state.unsaved().map(|unsaved| unsaved.set.clone());
    unsaved.or_else(|| state.set())
}
