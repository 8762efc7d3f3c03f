//! A token source for tests.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Held, Origin, Origins, Peek, Secret, Token, TokenSource};
use http::HeaderName;

/// Gives out `made-up-1` and so on in the header `x-token`, each until it is refused.
pub(crate) struct Counting {
    origins: Origins,
    tokens: Mutex<Vec<Token>>,
    pub(crate) refused: AtomicUsize,
    at_hand: bool,
}

impl Counting {
    /// Returns a source whose requests need not wait for their token.
    pub(crate) fn to(count: usize, address: &str) -> Self {
        let name = HeaderName::from_static("x-token");
        let token = |number| {
            let access = Secret::new(format!("made-up-{number}"));
            Token::in_header(name.clone(), "", access).unwrap()
        };
        Self {
            origins: [Origin::dangerous_plain_http(address).unwrap()]
                .into_iter()
                .collect(),
            tokens: Mutex::new((1..=count).rev().map(token).collect()),
            refused: AtomicUsize::new(0),
            at_hand: true,
        }
    }

    /// Returns a source whose every request waits.
    pub(crate) fn slow(count: usize, address: &str) -> Self {
        let at_hand = false;
        let source = Self::to(count, address);
        Self { at_hand, ..source }
    }
}

#[async_trait]
impl TokenSource for Counting {
    async fn token(&self) -> Result<Token, Error> {
        let none = || Error::new(ErrorKind::LoginRequired, "made up: log in again");
        self.tokens.lock().unwrap().last().cloned().ok_or_else(none)
    }

    fn peek(&self, held: &mut Held) -> Peek {
        match self.tokens.lock().unwrap().last() {
            Some(token) if self.at_hand => {
                held.keep(token, token.generation(), None);
                Peek::Ready
            }
            _ => Peek::Absent,
        }
    }

    fn reject(&self, refused: &Token) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut tokens = self.tokens.lock().unwrap();
        if tokens.last().map(Token::generation) == Some(refused.generation()) {
            tokens.pop();
        }
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}
