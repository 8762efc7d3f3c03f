use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};

use super::{lifetime, retry_after};
use crate::{Expiry, json::Members};

pub(super) const TEN_YEARS: u64 = auth_core::MAX_LIFETIME.as_secs();

pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(super) fn read(json: &str, fields: &[Expiry], now: u64) -> Option<u64> {
    let members = Members::from_json(json.as_bytes()).expect("the table holds JSON objects");
    lifetime(&members, fields, at(now)).map(|length| length.as_secs())
}

#[test]
fn every_encoding_of_seconds_has_one_result() {
    for (value, expected) in [
        ("0", Some(0)),
        ("1", Some(1)),
        ("43199", Some(43199)),
        (r#""3600""#, Some(3600)),
        (r#"" 3600 ""#, Some(3600)),
        (r#""3600.9""#, Some(3600)),
        (r#""1e3""#, Some(1000)),
        ("3599.9", Some(3599)),
        ("1e3", Some(1000)),
        ("-1", Some(0)),
        (r#""-5""#, Some(0)),
        ("-0.0", Some(0)),
        ("1e-9", Some(0)),
        ("1099511627776", Some(TEN_YEARS)),
        ("9223372036854775808", Some(TEN_YEARS)),
        ("18446744073709551616", Some(TEN_YEARS)),
        (r#""99999999999999999999999""#, Some(TEN_YEARS)),
        ("1e300", Some(TEN_YEARS)),
        (r#""NaN""#, None),
        (r#""inf""#, None),
        (r#""1e999""#, None),
        (r#""""#, None),
        (r#""soon""#, None),
        ("null", None),
        ("true", None),
        ("[3600]", None),
        (r#"{"seconds":1}"#, None),
    ] {
        let json = format!(r#"{{"expires_in":{value}}}"#);
        assert_eq!(
            read(&json, &[Expiry::Seconds("expires_in")], 0),
            expected,
            "{value}"
        );
    }
    assert_eq!(read("{}", &[Expiry::Seconds("expires_in")], 0), None);
}

#[test]
fn dates_count_from_now() {
    // 2031-03-17T17:41:51Z
    let end = 1_931_535_711;
    for (text, expected) in [
        ("2031-03-17T17:41:51.178Z", Some(60)),
        ("2031-03-17T17:41:51Z", Some(60)),
        ("2031-03-17T17:41:51.693Z[UTC]", Some(60)),
        ("2031-03-17T19:41:51+02:00", Some(60)),
        ("2031-03-17T19:41:51.123456789+02:00[Europe/Rome]", Some(60)),
        ("2031-03-17T17:41:51Z[Nowhere/Unknown]", Some(60)),
        ("1999-01-01T00:00:00Z", None),
        ("2031-03-17T17:40:51Z", None),
        ("9999-01-01T00:00:00Z", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59Z", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59.9999999Z", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59.9999999+00:00", Some(TEN_YEARS)),
        ("9999-12-30T22:00:01Z", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59z", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59-00:00", Some(TEN_YEARS)),
        ("9999-12-31T23:59:59", None),
        ("9999-12-31Tnever", None),
        ("9999-12-32T00:00:00Z", None),
        ("2031-03-17T17:41:51", None),
        ("2031-03-17T17:41:51[UTC]", None),
        ("2031-03-17T17:41:51Z[UTC", None),
        ("2031-13-17T17:41:51Z", None),
        ("garbage", None),
        ("", None),
    ] {
        let json = format!(r#"{{"expireDate":"{text}"}}"#);
        assert_eq!(
            read(&json, &[Expiry::Date("expireDate")], end - 60),
            expected,
            "{text}"
        );
    }
}

#[test]
fn the_first_field_that_can_be_read_counts() {
    let fields = &[Expiry::Seconds("expires_in"), Expiry::Date("expireDate")];
    let date = r#""expireDate":"1970-01-01T00:01:40Z""#;
    for (rest, expected) in [
        (r#""expires_in":7,"#, Some(7)),
        (r#""expires_in":"soon","#, Some(100)),
        (r#""expires_in":null,"#, Some(100)),
        ("", Some(100)),
    ] {
        assert_eq!(
            read(&format!("{{{rest}{date}}}"), fields, 0),
            expected,
            "{rest}"
        );
    }
    let unreadable = r#"{"expires_in":7,"expireDate":"garbage"}"#;
    assert_eq!(read(unreadable, fields, 0), Some(7));
}

#[test]
fn two_ends_are_compared() {
    let fields = &[Expiry::Seconds("expires_in"), Expiry::Date("expireDate")];
    for (json, expected) in [
        (
            r#"{"expires_in":7,"expireDate":"1970-01-01T00:01:40Z"}"#,
            93,
        ),
        (
            r#"{"expires_in":193,"expireDate":"1970-01-01T00:01:40Z"}"#,
            93,
        ),
        (r#"{"expires_in":7,"expireDate":"garbage"}"#, 0),
        (r#"{"expires_in":7}"#, 0),
        ("{}", 0),
    ] {
        let members = Members::from_json(json.as_bytes()).unwrap();
        let spread = super::spread(&members, fields, at(0));
        assert_eq!(spread, Duration::from_secs(expected), "{json}");
    }
}

#[test]
fn other_units_are_known() {
    for (field, value, expected) in [
        (Expiry::Milliseconds("x"), "90500", Some(90)),
        (Expiry::UnixSeconds("x"), "1060", Some(60)),
        (Expiry::UnixSeconds("x"), "1e300", Some(TEN_YEARS)),
        (Expiry::UnixMilliseconds("x"), r#""1060500""#, Some(60)),
        (Expiry::UnixMilliseconds("x"), "1e300", Some(TEN_YEARS)),
        // As with a date, nothing is left if a clock is wrong, so nothing is known.
        (Expiry::UnixSeconds("x"), "1000", None),
        (Expiry::UnixSeconds("x"), "900", None),
        (Expiry::UnixSeconds("x"), "-5", None),
        (Expiry::UnixMilliseconds("x"), "900000", None),
    ] {
        assert_eq!(
            read(&format!(r#"{{"x":{value}}}"#), &[field], 1000),
            expected,
            "{field:?} {value}"
        );
    }
    let past = r#"{"x":900,"y":7}"#;
    let fields = [Expiry::UnixSeconds("x"), Expiry::Seconds("y")];
    assert_eq!(read(past, &fields, 1000), Some(7));
}

fn asked(value: &str, date: Option<&'static str>) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_str(value).unwrap());
    if let Some(date) = date {
        headers.insert("date", HeaderValue::from_static(date));
    }
    retry_after(&headers, at(0))
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let seconds = |n| Some(Duration::from_secs(n));
    for (value, date, expected) in [
        ("0", None, seconds(0)),
        ("120", None, seconds(120)),
        (" 120 ", None, seconds(120)),
        ("1000000000", None, seconds(1_000_000_000)),
        ("99999999999999999999999", None, seconds(u64::MAX)),
        ("Thu, 01 Jan 1970 00:02:00 GMT", None, seconds(120)),
        (
            "Thu, 01 Jan 1970 00:02:00 GMT",
            Some("Thu, 01 Jan 1970 00:01:30 GMT"),
            seconds(30),
        ),
        (
            "Thu, 01 Jan 1970 00:02:00 GMT",
            Some("Thu, 01 Jan 1970 00:03:00 GMT"),
            seconds(0),
        ),
        ("-1", None, None),
        ("1.5", None, None),
        ("soon", None, None),
        ("", None, None),
    ] {
        assert_eq!(asked(value, date), expected, "{value}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), at(0)), None);
}
