//! What a handle keeps between two looks.

use std::time::{Duration, SystemTime};

use crate::{Held, Moment, Now, Secret, Token};

fn token() -> Token {
    Token::bearer(Secret::new("made-up")).unwrap()
}

/// Returns where in memory the first header of a token stands.
fn place(token: &Token) -> *const u8 {
    token.headers().next().unwrap().1.as_bytes().as_ptr()
}

#[test]
fn a_copy_is_current_for_one_version_and_until_its_time() {
    let now = Now::new(SystemTime::now(), Duration::from_secs(60));
    let (past, next) = (Moment::PAST, Moment::after(now, Duration::from_secs(1)));
    let table = [
        (7, None, true),
        (7, Some(next), true),
        (7, Some(past), false),
        (8, None, false),
        (8, Some(next), false),
    ];
    for (version, until, current) in table {
        let mut held = Held::new();
        assert!(!held.is_current(0, now), "nothing is held");
        held.keep(&token(), 7, until);
        assert_eq!(
            held.is_current(version, now),
            current,
            "{version} {until:?}"
        );
        held.keep(&token(), 9, None);
        assert!(held.is_current(9, now));
        held.clear();
        assert!(held.token().is_none() && !held.is_current(9, now));
    }
}

#[test]
fn a_copy_is_made_once_for_each_token_and_never_to_be_shared() {
    let (first, second) = (token(), token());
    let (mut own, mut shared) = (Held::new(), Held::shared());
    for token in [&first, &second] {
        own.keep(token, 1, None);
        shared.keep(token, 1, None);
        let kept = place(own.token().unwrap());
        assert_ne!(kept, place(token));
        assert_eq!(place(shared.token().unwrap()), place(token));
        own.keep(token, 2, None);
        assert_eq!(place(own.token().unwrap()), kept, "the same token again");
        assert_eq!(own.token().map(Token::generation), Some(token.generation()));
    }
    assert_eq!(
        own.take().map(|token| token.generation()),
        Some(second.generation())
    );
    assert!(own.take().is_none());
}
