use super::{at, pending};
use crate::CallbackError;

#[test]
fn callbacks_are_read_by_their_state_first() {
    use CallbackError::{AccessDenied, AuthorizationFailed, Malformed, StateMismatch};

    // `$` stands for the right state; the last column says whether the login is over.
    for (address, expected, over) in [
        ("https://shop.example/cb?code=c&state=$", Ok(()), true),
        ("/cb?code=c&state=$", Ok(()), true),
        ("?state=$&code=c", Ok(()), true),
        ("code=c&state=$", Ok(()), true),
        ("/cb?x=1?code=c&state=$", Ok(()), true),
        ("/cb?code=c&state=$#code=other", Ok(()), true),
        ("/cb?code=c&state=$&session_state=1&iss=x", Ok(()), true),
        ("x=1?code=c&state=$", Ok(()), true),
        ("com.example.app:/cb?code=c&state=$", Ok(()), true),
        ("https://shop.example/a=b/cb?code=c&state=$", Ok(()), true),
        ("/a=b/cb?code=c&state=$", Ok(()), true),
        // Google and RFC 9207 send addresses that nobody encoded.
        (
            "state=$&code=c&scope=https://www.example/auth/x",
            Ok(()),
            true,
        ),
        ("iss=https://login.example&code=c&state=$", Ok(()), true),
        (
            "?iss=https://login.example?x=1&code=c&state=$",
            Ok(()),
            true,
        ),
        (
            "/cb?x=1?error=access_denied&state=$",
            Err(AccessDenied),
            true,
        ),
        (
            "/cb?state=$&x=1?error_description=no?error=access_denied",
            Err(AccessDenied),
            true,
        ),
        ("/cb?code=c", Err(StateMismatch), false),
        ("/cb?code=c&state=", Err(StateMismatch), false),
        ("/cb?code=c&state=wrong", Err(StateMismatch), false),
        ("/cb?code=c&state=$x", Err(StateMismatch), false),
        ("/cb?code=c&State=$", Err(StateMismatch), false),
        ("/cb#code=c&state=$", Err(StateMismatch), false),
        ("/state=$&code=c", Err(StateMismatch), false),
        ("/cb?error=access_denied", Err(StateMismatch), false),
        (
            "/cb?error=access_denied&state=wrong",
            Err(StateMismatch),
            false,
        ),
        ("", Err(StateMismatch), false),
        ("/cb?code=c&code=c&state=$", Err(Malformed), false),
        ("/cb?code=c&state=$&state=$", Err(Malformed), false),
        ("/cb?state=$?code=c&state=$", Err(Malformed), false),
        ("/cb?error=a&error=b&state=$", Err(Malformed), false),
        ("/cb?state=$", Err(Malformed), false),
        ("/cb?code=&state=$", Err(Malformed), false),
        ("/cb?error=access_denied&state=$", Err(AccessDenied), true),
        (
            "/cb?error=access_denied&code=c&state=$",
            Err(AccessDenied),
            true,
        ),
        (
            "/cb?error=server_error&state=$",
            Err(AuthorizationFailed("server_error".into())),
            true,
        ),
        (
            "/cb?error=%1b%5b31mred&state=$",
            Err(AuthorizationFailed("unknown".into())),
            true,
        ),
        (
            "/cb?error=Some+words&state=$",
            Err(AuthorizationFailed("unknown".into())),
            true,
        ),
    ] {
        let (mut pending, state) = pending();
        let outcome = pending.callback(&address.replace('$', &state), at(1));
        assert_eq!(
            outcome.map(|code| assert_eq!(code.code.expose(), "c")),
            expected,
            "{address}"
        );
        assert_eq!(pending.is_answered(), over, "{address}");
        let right = pending.callback(&format!("?code=c&state={state}"), at(2));
        match right {
            Ok(_) => assert!(!over, "{address}"),
            Err(error) => assert!(over && error == CallbackError::AlreadyAnswered, "{address}"),
        }
    }
}

#[test]
fn a_code_may_hold_a_question_mark() {
    for address in [
        "/cb?code=c?1/2?=&state=$",
        "/cb?x=1?code=c?1/2?=&state=$",
        "state=$&code=c?1/2?=",
        "?code=c?1/2?=&state=$",
    ] {
        let (mut pending, state) = pending();
        let code = pending.callback(&address.replace('$', &state), at(1));
        assert_eq!(code.unwrap().code.expose(), "c?1/2?=", "{address}");
    }
}

#[test]
fn junk_does_not_end_a_login_and_time_does() {
    let (mut pending, state) = pending();
    for number in 0..1000 {
        assert!(
            pending
                .callback(&format!("/cb?code=x&state={number}"), at(1))
                .is_err()
        );
    }
    let huge = format!("/cb?state={state}&code={}", "x".repeat(20_000));
    assert_eq!(
        pending.callback(&huge, at(1)).unwrap_err(),
        CallbackError::Malformed
    );
    let right = format!("/cb?code=c&state={state}");
    assert_eq!(
        pending.callback(&right, at(600)).unwrap_err(),
        CallbackError::Expired
    );
    assert!(pending.callback(&right, at(599)).is_ok());
}
