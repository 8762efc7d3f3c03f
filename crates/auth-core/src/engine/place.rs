//! The place that an exchange takes among those with the same endpoint, where their number is limited.

use std::{pin::pin, time::Duration};

use crate::{
    Error, ErrorKind,
    limit::{LIMIT_TIMEOUT, Place},
};

use super::{decide::Life, flight::race, shared::Shared};

/// How often a renewal that can wait looks whether it still can.
const STEP: Duration = Duration::from_secs(1);

/// Takes a place unless one is held already, and returns whether the exchange may be made: it may not where one has to
/// be waited for.
pub(super) fn take(shared: &Shared, place: &mut Option<Place>) -> bool {
    let Some(limit) = shared.limit() else {
        return true;
    };
    if place.is_none() {
        *place = limit.try_take();
    }
    place.is_some()
}

/// Waits for a place, where there is a limit. Call it without a lease, for others may want that meanwhile.
pub(super) async fn wait(shared: &Shared, forced: bool) -> Result<Option<Place>, Error> {
    let Some(limit) = shared.limit() else {
        return Ok(None);
    };
    let bound = shared.policy.exchange_timeout;
    let deadline = shared.clock.monotonic().saturating_add(bound);
    let mut need = needed(shared, forced);
    loop {
        let mut place = pin!(limit.take(need));
        need = loop {
            let now = shared.clock.monotonic();
            let wake = if need > now {
                deadline.min(now.saturating_add(STEP))
            } else {
                deadline
            };
            let woken = shared.clock.sleep_until(wake);
            if let Ok(place) = race(place.as_mut(), woken).await {
                return Ok(Some(place));
            }
            if shared.clock.monotonic() >= deadline {
                return Err(timed_out());
            }
            // A server refused the token meanwhile, so callers wait for what had time before.
            let sooner = needed(shared, forced);
            if sooner < need {
                break sooner;
            }
        };
    }
}

/// Returns when somebody has to wait for the token, by the monotonic clock.
fn needed(shared: &Shared, forced: bool) -> Duration {
    let now = shared.clock.now();
    let left = match shared.read().facts().life {
        Life::Until(windows) if !forced => windows.mandatory().left(now),
        _ => Duration::ZERO,
    };
    now.monotonic.saturating_add(left)
}

fn timed_out() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "all places of the exchange limit were taken for as long as the policy's exchange_timeout; try again, and where \
         it happens often, find out why exchanges are slow or allow more at a time",
    )
    .with_code(LIMIT_TIMEOUT)
}
