//! When a token ends and when to come back, as servers say it.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

use crate::{
    Expiry,
    json::{Members, Value},
};

/// Returns how long the server asks to wait: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
///
/// A date counts from the reply's own `Date`, else from `wall`. What cannot be read asks for nothing; a number too
/// large to be read is the longest wait. How much of a wait is honoured is the engine's policy.
pub fn retry_after(headers: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = http_date(value)?;
    let now = server_time(headers).unwrap_or(wall);
    Some(until.duration_since(now).unwrap_or_default())
}

/// Returns the server's own idea of now: the `Date` header (RFC 9110 §6.6.1).
pub(crate) fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// Reads a date of RFC 9110 §5.6.7. A leap second, which a system clock counts twice, is the one before it.
fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(&text.replace(":60 ", ":59 ")).ok()
}

/// Returns how long the token lasts by the first of `fields` that can be read.
pub(crate) fn lifetime(members: &Members, fields: &[Expiry], now: SystemTime) -> Option<Duration> {
    fields.iter().find_map(|field| match *field {
        Expiry::Seconds(name) => number(members.get(name)?).map(seconds),
        Expiry::Milliseconds(name) => number(members.get(name)?).map(|ms| seconds(ms / 1e3)),
        Expiry::Date(name) => left(date(members.text(name)?.expose())?, now),
        Expiry::UnixSeconds(name) => left(unix(number(members.get(name)?)?), now),
        Expiry::UnixMilliseconds(name) => left(unix(number(members.get(name)?)? / 1e3), now),
    })
}

/// Returns how far apart the lifetimes are that can be read of `fields`.
pub(crate) fn spread(members: &Members, fields: &[Expiry], now: SystemTime) -> Duration {
    let mut read: Vec<_> = fields
        .iter()
        .filter_map(|field| lifetime(members, &[*field], now))
        .collect();
    read.sort_unstable();
    let ends = read.first().zip(read.last());
    ends.map_or(Duration::ZERO, |(least, most)| most.saturating_sub(*least))
}

/// Returns whether a member that tells when the token ends is present.
pub(crate) fn is_told(members: &Members, fields: &[Expiry]) -> bool {
    fields.iter().any(|field| {
        let (Expiry::Seconds(name)
        | Expiry::Milliseconds(name)
        | Expiry::Date(name)
        | Expiry::UnixSeconds(name)
        | Expiry::UnixMilliseconds(name)) = *field;
        !matches!(members.get(name), None | Some(Value::Null))
    })
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::Text(text) => text.expose().trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Returns a length of that many whole seconds; what is negative has already ended.
fn seconds(number: f64) -> Duration {
    let ceiling = auth_core::MAX_LIFETIME.as_secs_f64();
    Duration::from_secs_f64(number.clamp(0.0, ceiling).trunc())
}

/// Returns the date that lies so many seconds after the start of 1970, cut where no token's end can lie.
fn unix(number: f64) -> SystemTime {
    // The year 9999 is the last that a date of RFC 3339 can name.
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(number.clamp(0.0, 253_402_300_799.0))
}

/// Returns what is left until a date. A new token that has already ended is a clock gone wrong, so nothing is known
/// then: asking again would bring another such token, and using this one shows what it is worth.
fn left(end: SystemTime, now: SystemTime) -> Option<Duration> {
    let left = end
        .duration_since(now)
        .ok()
        .filter(|left| !left.is_zero())?;
    Some(left.min(auth_core::MAX_LIFETIME))
}

/// Reads a date of RFC 3339; an RFC 9557 suffix says nothing that the offset does not.
fn date(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let plain = match text.split_once('[') {
        Some((plain, suffix)) if suffix.ends_with(']') => plain,
        Some(_) => return None,
        None => text,
    };
    match plain.parse::<jiff::Timestamp>() {
        Ok(date) => Some(date.into()),
        Err(_) => last_day(plain),
    }
}

/// Reads the last days of all, which stand for never on many servers and whose end no `Timestamp` holds.
fn last_day(plain: &str) -> Option<SystemTime> {
    let civil = plain
        .strip_suffix(['Z', 'z'])
        .or_else(|| plain.strip_suffix("+00:00"))
        .or_else(|| plain.strip_suffix("-00:00"))?;
    let date = civil.parse::<jiff::civil::DateTime>().ok()?.date();
    (date >= jiff::civil::date(9999, 12, 30)).then(|| unix(f64::INFINITY))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
