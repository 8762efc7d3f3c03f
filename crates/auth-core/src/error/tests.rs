//! What errors show.

use std::{error::Error as _, time::Duration};

use http::StatusCode;

use super::{Error, ErrorKind, Sent};

#[test]
fn display_says_what_this_layer_knows_and_source_the_rest() {
    let plain = Error::new(ErrorKind::Unavailable, "the server is away");
    assert_eq!(plain.to_string(), "the server is away");
    assert!(plain.is_transient() && plain.source().is_none());
    let full = plain
        .clone()
        .with_status(StatusCode::BAD_GATEWAY)
        .with_code("bad_gateway")
        .with_request_id("r-1")
        .with_retry_after(Duration::from_secs(3))
        .with_source(std::fmt::Error);
    assert_eq!(
        full.to_string(),
        "the server is away (status 502, code bad_gateway, request id r-1)"
    );
    assert_eq!(full.sent(), Sent::Answered);
    assert_eq!(
        full.source().unwrap().to_string(),
        std::fmt::Error.to_string()
    );
    assert_eq!(
        plain.to_string(),
        "the server is away",
        "a clone is not changed"
    );
}

#[test]
fn codes_of_others_are_cut_to_what_a_log_line_can_hold() {
    let error = Error::new(ErrorKind::Protocol, "refused");
    let shown = |code: &str| error.clone().with_code(code).code().unwrap().to_owned();
    assert_eq!(shown("a\u{1b}[31m\r\nb\u{202e}c d\0"), "a[31mbcd");
    assert_eq!(shown(&"x".repeat(1_000)).len(), 64);
}
