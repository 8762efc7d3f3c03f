use super::{at, pending};
use crate::{CallbackError, PendingAuthorizations};

#[test]
fn logins_belong_to_their_session_and_answer_once() {
    let logins = PendingAuthorizations::new();
    let (alice, state) = pending();
    logins.insert("alice", alice, at(0));
    let (mallory, other) = pending();
    logins.insert("mallory", mallory, at(0));
    let callback = |state: &str| format!("/cb?code=c&state={state}");
    for (session, state) in [
        ("mallory", &*state),
        ("alice", &*other),
        ("", &*state),
        ("alice", "x"),
    ] {
        let outcome = logins.callback(session, &callback(state), at(1));
        assert_eq!(outcome.unwrap_err(), CallbackError::StateMismatch);
    }
    let junk = logins.callback("alice", &format!("/cb?state={state}"), at(1));
    assert_eq!(junk.unwrap_err(), CallbackError::Malformed);
    assert_eq!(logins.len(), 2);
    assert!(logins.callback("alice", &callback(&state), at(1)).is_ok());
    let again = logins.callback("alice", &callback(&state), at(1));
    assert_eq!(again.unwrap_err(), CallbackError::StateMismatch);
    let late = logins.callback("mallory", &callback(&other), at(600));
    assert_eq!(late.unwrap_err(), CallbackError::Expired);
    assert!(logins.is_empty());
}

#[test]
fn logins_are_bounded_in_number_and_time() {
    let logins = PendingAuthorizations::new();
    let (first, lost) = pending();
    logins.insert("s", first, at(0));
    let (second, kept) = pending();
    logins.insert("s", second, at(0));
    for number in 0..1023 {
        logins.insert(&format!("session {number}"), pending().0, at(0));
    }
    assert_eq!(logins.len(), 1024);
    assert!(
        logins
            .callback("s", &format!("?code=c&state={lost}"), at(1))
            .is_err()
    );
    assert!(
        logins
            .callback("s", &format!("?code=c&state={kept}"), at(1))
            .is_ok()
    );
    logins.insert("s", pending().0, at(601));
    assert!(logins.len() <= 1, "logins that took too long are dropped");
}

#[test]
fn one_session_displaces_only_its_own_logins() {
    let logins = PendingAuthorizations::with_capacity(16);
    let (login, state) = pending();
    logins.insert("alice", login, at(0));
    let started: Vec<_> = (0..100)
        .map(|_| {
            let (login, state) = pending();
            logins.insert("", login, at(0));
            state
        })
        .collect();
    assert_eq!(logins.len(), 9);
    let callback = |session, state: &str| {
        let address = format!("/cb?code=c&state={state}");
        logins.callback(session, &address, at(1)).is_ok()
    };
    assert!(callback("alice", &state));
    assert!(!callback("", &started[91]));
    assert!(started[92..].iter().all(|state| callback("", state)));
    assert!(logins.is_empty());
}

#[test]
fn the_capacity_is_as_asked_for_and_at_least_one() {
    for (capacity, kept) in [(0, 1), (1, 1), (3, 3)] {
        let logins = PendingAuthorizations::with_capacity(capacity);
        for session in ["a", "b", "c", "d"] {
            logins.insert(session, pending().0, at(0));
        }
        assert_eq!(logins.len(), kept);
    }
}
