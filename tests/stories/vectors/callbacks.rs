//! What a browser brings back.

use auth_core::Clock;
use auth_oauth2::{AuthorizationRequest, CallbackError, Endpoint};
use auth_testkit::ManualClock;

#[test]
fn callbacks_are_read_with_care() {
    use CallbackError::{AccessDenied, AuthorizationFailed, Malformed, StateMismatch};

    let now = ManualClock::new().now();
    let page = Endpoint::parse("https://login.example/authorize").unwrap();
    let request = AuthorizationRequest::new(page, "demo", "https://shop.example/cb").unwrap();
    for (callback, expected) in [
        ("/cb?code=7c1d&state=STATE", Ok(())),
        ("https://shop.example/cb?x=1&state=STATE&code=7c1d", Ok(())),
        // A provider that appends blindly makes a second question mark.
        ("/cb?x=1?code=7c1d&state=STATE", Ok(())),
        ("/cb?state=STATE?code=7c1d", Ok(())),
        ("/cb?code=7c1d%2B%26%25&state=STATE", Ok(())),
        ("/cb?code=7c1d&state=STATE&state=STATE", Err(Malformed)),
        ("/cb?state=STATE?code=7c1d&state=STATE", Err(Malformed)),
        ("/cb?code=7c1d&code=7c1d&state=STATE", Err(Malformed)),
        ("/cb?state=STATE", Err(Malformed)),
        ("/cb?code=&state=STATE", Err(Malformed)),
        ("/cb?code=7c1d", Err(StateMismatch)),
        ("/cb?code=7c1d&state=", Err(StateMismatch)),
        ("/cb?code=7c1d&state=STATEx", Err(StateMismatch)),
        ("/cb#code=7c1d&state=STATE", Err(StateMismatch)),
        ("/cb?error=access_denied", Err(StateMismatch)),
        ("/cb?error=access_denied&state=STATE", Err(AccessDenied)),
        (
            "/cb?error=access_denied&code=7c1d&state=STATE",
            Err(AccessDenied),
        ),
        (
            "/cb?error=server_error&state=STATE",
            Err(AuthorizationFailed("server_error".into())),
        ),
        (
            "/cb?error=%1b[31m&state=STATE",
            Err(AuthorizationFailed("unknown".into())),
        ),
    ] {
        let (address, mut pending) = request.start(now).unwrap();
        let address = url::Url::parse(&address).unwrap();
        let state = address.query_pairs().find(|(name, _)| name == "state");
        let state = state.expect("there is one").1.into_owned();
        let outcome = pending.callback(&callback.replace("STATE", &state), now);
        assert_eq!(outcome.map(drop), expected, "{callback}");
    }
}
