use std::time::{Duration, SystemTime};

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_token_is_sent_again_once_and_only_within_the_leeway() {
    let begun = SystemTime::UNIX_EPOCH + seconds(1_000);
    let first = Intent::new(begun, 1);
    let cases = [
        ("at once", &first, 10, 0, true),
        ("within", &first, 10, 9, true),
        ("at its end", &first, 10, 10, false),
        ("later", &first, 10, 11, false),
        ("no leeway", &first, 0, 0, false),
        ("for ever", &first, u64::MAX, 1 << 40, true),
        ("sent twice", &first.clone().again(2), 10, 1, false),
    ];
    for (name, left, leeway, passed, expected) in cases {
        let again = may_send_again(left, seconds(leeway), begun + seconds(passed));
        assert_eq!(again, expected, "{name}");
    }
    let back = begun - seconds(1);
    assert!(
        !may_send_again(&first, seconds(10), back),
        "clock went back"
    );
}
