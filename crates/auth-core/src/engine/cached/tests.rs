//! Looks at a source that others look at in the same moment.

use std::{sync::mpsc, thread, time::Duration};

use async_trait::async_trait;

use crate::{
    Cached, Error, ErrorKind, Exchange, Grant, Held, Origins, Peek, Secret, Token, TokenSet,
    TokenSource,
};

struct Never;

#[async_trait]
impl Grant for Never {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Err(Error::new(ErrorKind::Unavailable, "made up"))
    }
}

#[test]
fn a_look_keeps_no_other_look_waiting() {
    let origins = Origins::parse("https://api.example").unwrap();
    let token = Token::bearer(Secret::new("made-up")).unwrap();
    let source = Cached::builder(Never, origins)
        .previous(TokenSet::new(token))
        .build();
    assert_eq!(
        source.peek(&mut Held::new()),
        Peek::Ready,
        "the rule said so"
    );
    thread::scope(|scope| {
        // As a look on another core does while it copies the token.
        let _looking = source.0.read();
        let (told, answer) = mpsc::channel();
        let source = &source;
        scope.spawn(move || told.send(source.peek(&mut Held::new())));
        let answer = answer.recv_timeout(Duration::from_secs(30));
        assert_eq!(answer, Ok(Peek::Ready));
    });
}
