//! What holds of lifetimes and pauses, whatever a server writes.

use http::{HeaderMap, HeaderValue};
use proptest::{prelude::*, test_runner::Config};

use super::{
    lifetime, retry_after,
    tests::{TEN_YEARS, at, read},
};
use crate::{Expiry, json::Members};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn retry_after_takes_any_header(value in "[ -~]{0,40}", wall in 0_u64..=u64::from(u32::MAX)) {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_str(&value).unwrap());
        let _ = retry_after(&headers, at(wall));
    }

    #[test]
    fn lifetimes_stay_within_ten_years(written in numbers(), now in any::<u32>()) {
        for json in [format!(r#"{{"x":{written}}}"#), format!(r#"{{"x":"{written}"}}"#)] {
            let Some(members) = Members::from_json(json.as_bytes()) else {
                continue;
            };
            for field in UNITS {
                let length = lifetime(&members, &[field], at(now.into())).unwrap_or_default();
                prop_assert!(length <= auth_core::MAX_LIFETIME, "{json} {field:?}");
            }
        }
    }

    #[test]
    fn a_number_means_the_same_in_every_encoding(seconds in any::<i64>(), part in 0..1_000_u32, now in any::<u32>()) {
        let expected = u64::try_from(seconds).unwrap_or_default().min(TEN_YEARS);
        let now_ms = i128::from(now) * 1_000;
        for (field, written) in [
            (Expiry::Seconds("x"), format!("{seconds}")),
            (Expiry::Seconds("x"), format!("\"{seconds}\"")),
            (Expiry::Milliseconds("x"), format!("{}", i128::from(seconds) * 1_000)),
        ] {
            let read = read(&format!(r#"{{"x":{written}}}"#), &[field], now.into());
            prop_assert_eq!(read, Some(expected), "{:?} {}", field, written);
        }
        // What is cut off a second makes a life shorter and never longer.
        let short = seconds.clamp(0, i64::from(u32::MAX)).unsigned_abs();
        let written = format!(r#"{{"x":{short}.{part:03}}}"#);
        let expected = Some(short.min(TEN_YEARS));
        prop_assert_eq!(read(&written, &[Expiry::Seconds("x")], now.into()), expected);
        let end = now_ms + i128::from(short) * 1_000;
        let read = read(&format!(r#"{{"x":{end}}}"#), &[Expiry::UnixMilliseconds("x")], now.into());
        prop_assert_eq!(read, expected.filter(|_| short > 0));
    }

    #[test]
    fn a_date_means_what_is_left_until_then(end in 0..253_000_000_000_i64, now in any::<u32>()) {
        let text = jiff::Timestamp::from_second(end).unwrap().to_string();
        let read = read(&format!(r#"{{"x":"{text}"}}"#), &[Expiry::Date("x")], now.into());
        let left = u64::try_from(end - i64::from(now)).ok().filter(|left| *left > 0);
        prop_assert_eq!(read, left.map(|left| left.min(TEN_YEARS)));
    }
}

/// 1,024 cases for each property, and as many more as `PROPTEST_CASES` says.
fn config() -> Config {
    let default = Config::default();
    Config {
        cases: default.cases.max(1_024),
        failure_persistence: None,
        ..default
    }
}

const UNITS: [Expiry; 5] = [
    Expiry::Seconds("x"),
    Expiry::Milliseconds("x"),
    Expiry::Date("x"),
    Expiry::UnixSeconds("x"),
    Expiry::UnixMilliseconds("x"),
];

/// Numbers as servers write them, those at the ends of all ranges and those that are none.
fn numbers() -> impl Strategy<Value = String> {
    let ends = [
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "9223372036854775807",
        "4294967295",
        "1e308",
        "-1e308",
        "1e-308",
        "1e999",
        "-0.0",
        "NaN",
        "-inf",
        "9999-12-31T23:59:59Z",
    ];
    prop_oneof![
        proptest::sample::select(ends.to_vec()).prop_map(str::to_owned),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        "[-+0-9eE.]{1,12}",
    ]
}
