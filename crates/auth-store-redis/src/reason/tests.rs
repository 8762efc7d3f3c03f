use auth_core::ErrorKind;
use redis::{RedisError, ServerErrorKind};

use super::{is_closed, is_lost, reason};

fn refusal(code: &str) -> RedisError {
    let detail = Some("canary-4711".to_owned());
    redis::make_extension_error(code.to_owned(), detail)
}

#[test]
fn codes_say_what_to_do_and_texts_are_dropped() {
    for (code, kind) in [
        ("OOM", ErrorKind::Unavailable),
        ("MISCONF", ErrorKind::Unavailable),
        ("NOREPLICAS", ErrorKind::Unavailable),
        ("NOAUTH", ErrorKind::Configuration),
        ("WRONGPASS", ErrorKind::Configuration),
        ("WRONGTYPE", ErrorKind::Configuration),
        ("canary-4712", ErrorKind::Protocol),
    ] {
        let error = reason(&refusal(code));
        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.code().is_none(), kind == ErrorKind::Protocol);
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn a_code_in_the_text_of_an_older_server_is_found() {
    let text = "Error running script (call to f_0): @user_script:9: -OOM command not allowed";
    let error = redis::make_extension_error("ERR".to_owned(), Some(text.to_owned()));
    assert_eq!(reason(&error).code(), Some("OOM"));
}

#[test]
fn a_connection_is_given_up_where_another_may_do_better() {
    let io = |kind| RedisError::from(std::io::Error::from(kind));
    let closed = io(std::io::ErrorKind::BrokenPipe);
    assert!(is_lost(&closed) && is_closed(&closed));
    let slow = io(std::io::ErrorKind::TimedOut);
    assert!(is_lost(&slow) && !is_closed(&slow));
    let replica = RedisError::from((ServerErrorKind::ReadOnly.into(), "made up"));
    assert!(is_lost(&replica) && !is_closed(&replica));
    assert!(!is_lost(&refusal("OOM")));
    // As version 6 says it of a script.
    let text = "Error running script (call to f_0): @user_script:9: @user_script: 9: -READONLY You";
    let older = redis::make_extension_error("ERR".to_owned(), Some(text.to_owned()));
    assert!(is_lost(&older) && !is_closed(&older));
}
