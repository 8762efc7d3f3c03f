//! The place that an exchange takes among those with the same endpoint, where their number is limited.

use std::time::Duration;

use crate::{
    Error, ErrorKind,
    limit::{LIMIT_TIMEOUT, Place},
};

use super::{decide::Life, flight::race, state::Shared};

/// Takes a place unless one is held already, and returns whether the exchange may be made: it may not where one has to
/// be waited for.
pub(super) fn take(shared: &Shared, place: &mut Option<Place>) -> bool {
    let Some(limit) = &shared.limit else {
        return true;
    };
    if place.is_none() {
        *place = limit.try_take();
    }
    place.is_some()
}

/// Waits for a place, where there is a limit. Call it without a lease, for others may want that meanwhile.
pub(super) async fn wait(shared: &Shared, forced: bool) -> Result<Option<Place>, Error> {
    let Some(limit) = &shared.limit else {
        return Ok(None);
    };
    let bound = shared.policy.exchange_timeout;
    let deadline = shared.clock.monotonic().saturating_add(bound);
    let place = limit.take(needed(shared, forced));
    race(place, shared.clock.sleep_until(deadline))
        .await
        .map(Some)
        .map_err(|()| timed_out())
}

/// Returns when somebody has to wait for the token, by the monotonic clock.
fn needed(shared: &Shared, forced: bool) -> Duration {
    let now = shared.clock.now();
    let left = match shared.lock().facts().life {
        Life::Until(windows) if !forced => windows.mandatory.left(now),
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
