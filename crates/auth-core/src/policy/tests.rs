//! Margins, and reading a policy from configuration.

use std::time::Duration;

use super::Margin;

#[test]
fn a_margin_is_never_more_than_the_lifetime() {
    let hour = Duration::from_secs(3600);
    for fraction in [
        f64::NAN,
        f64::NEG_INFINITY,
        -1.0,
        0.0,
        0.5,
        1.0,
        2.0,
        f64::INFINITY,
    ] {
        for length in [
            Duration::ZERO,
            Duration::from_nanos(1),
            hour,
            Duration::MAX / 2,
        ] {
            assert!(Margin::new(hour, fraction).of(length) <= length.min(hour));
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn configuration_names_seconds_and_leaves_the_rest_as_it_is() {
    use crate::{OnStoreFailure, Origins, Policy, Secret};

    let text = r#"{ "exchange_timeout": 2.5, "advisory": { "time": 60, "fraction": 0.1 }, "on_store_failure": "serve" }"#;
    let policy: Policy = serde_json::from_str(text).unwrap();
    let expected = Policy {
        exchange_timeout: Duration::from_millis(2_500),
        advisory: Margin::new(Duration::from_secs(60), 0.1),
        on_store_failure: OnStoreFailure::Serve,
        ..Policy::default()
    };
    assert_eq!(policy, expected);
    for wrong in ["-1", "1e300", "\"x\""] {
        let text = format!(r#"{{ "exchange_timeout": {wrong} }}"#);
        assert!(serde_json::from_str::<Policy>(&text).is_err(), "{wrong}");
    }
    assert!(serde_json::from_str::<Origins>(r#"["http://api.example"]"#).is_err());
    let read = serde_json::from_str::<Origins>(r#"["https://api.example"]"#);
    assert_eq!(
        read.unwrap(),
        Origins::parse("https://api.example").unwrap()
    );
    let error = serde_json::from_str::<Secret>("[\"planted\"]")
        .unwrap_err()
        .to_string();
    assert!(!error.contains("planted"), "{error}");
    let error = serde_json::from_str::<Secret>("{\"planted\":1}")
        .unwrap_err()
        .to_string();
    assert!(!error.contains("planted"), "{error}");
}
