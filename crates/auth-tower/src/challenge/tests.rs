use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};

use super::{MAX_READ, lacks_scope, parameters};

fn says(values: &[&str]) -> bool {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
    }
    lacks_scope(&headers)
}

#[test]
fn scope_is_lacking_where_a_challenge_says_so() {
    for (values, expected) in [
        (&["Bearer error=\"insufficient_scope\""][..], true),
        (&["bearer ERROR=insufficient_scope"], true),
        (
            &["Bearer realm=\"a, b\", error=\"insufficient_scope\", scope=\"x y\""],
            true,
        ),
        (&["Bearer error = \"insufficient_scope\""], true),
        (&["Bearer error=\"insufficient\\_scope\""], true),
        (
            &["Basic realm=\"x\", Bearer error=\"insufficient_scope\""],
            true,
        ),
        (
            &["Negotiate YIIx/y==, Bearer error=\"insufficient_scope\""],
            true,
        ),
        (
            &["Negotiate YIIx/y=, Bearer error=\"insufficient_scope\""],
            true,
        ),
        (
            &["Negotiate a/b, Bearer error=\"insufficient_scope\""],
            true,
        ),
        (&["Negotiate", "Bearer error=\"insufficient_scope\""], true),
        (&["Bearer realm=, error=\"insufficient_scope\""], true),
        (&[", ,Bearer ,error=\"insufficient_scope\",,"], true),
        (&[], false),
        (&[""], false),
        (&["Bearer"], false),
        (&["Bearer error=\"invalid_token\""], false),
        (
            &[
                "Bearer error=\"insufficient_scope\"",
                "DPoP error=\"invalid_token\"",
            ],
            false,
        ),
        (&["Bearer realm=\"error=insufficient_scope\""], false),
        (&["Bearer realm=\"\\\", error=insufficient_scope\""], false),
        (&["Bearer error_description=\"insufficient_scope\""], false),
        (&["Bearer error=\"insufficient_scope"], false),
        (&["Bearer realm=\"open, error=insufficient_scope"], false),
        (&["Bearer error=\"insufficient_scope_2\""], false),
        (&["Bearer error=\"\", x=\"\\"], false),
    ] {
        assert_eq!(says(values), expected, "{values:?}");
    }
}

#[test]
fn what_lies_beyond_the_limit_has_no_say() {
    let long = format!("Bearer realm=\"{}\"", "x".repeat(MAX_READ));
    assert!(!says(&[&long, "Bearer error=\"insufficient_scope\""]));
    assert!(says(&["Bearer error=\"insufficient_scope\"", &long]));
    let within = format!("Bearer realm=\"{}\"", "x".repeat(8 * 1024 - 100));
    assert!(says(&[&within, "Bearer error=\"insufficient_scope\""]));
}

#[test]
fn reading_ends_on_any_bytes() {
    // All short texts over the characters that mean something.
    let alphabet = b"a=\",\\ /\xff";
    let count = alphabet.len();
    for length in 0..=6_u32 {
        for mut number in 0..count.pow(length) {
            let mut text = Vec::new();
            for _ in 0..length {
                text.push(alphabet[number % count]);
                number /= count;
            }
            assert!(parameters(&text).count() <= text.len());
        }
    }
}
