//! One sending of one token, and what happens if the server refuses it.

use std::{ops::Deref, sync::Arc};

use auth_core::{Token, TokenSource};
use http::Response;

use crate::{Answer, config::Config};

/// The token that was sent, and whom to tell if it is refused.
pub(crate) struct Attempt {
    pub(crate) source: Arc<dyn TokenSource>,
    pub(crate) token: Token,
    pub(crate) config: Arc<Config>,
}

impl Attempt {
    pub(crate) fn new(source: Arc<dyn TokenSource>, token: Token, config: Arc<Config>) -> Self {
        Self {
            source,
            token,
            config,
        }
    }

    /// Asks the rule what `response` says of the token.
    #[inline]
    pub(crate) fn hear<R>(&self, response: &Response<R>) -> Heard {
        let answer = Answer::of(response);
        let refused = match &self.config.refusal {
            None => answer.is_unauthenticated(),
            Some(rule) => rule(&answer),
        };
        if refused && !answer.lacks_scope() {
            return Heard::Refused;
        }
        if self.config.watched {
            return Heard::NothingYet;
        }
        Heard::Nothing
    }

    pub(crate) fn reject(&self) {
        reject(&*self.source, &self.token);
    }
}

/// Tells a source that the server refused its token.
pub(crate) fn reject(source: &dyn TokenSource, token: &Token) {
    tracing::debug!(
        generation = token.generation(),
        "the server refused the token"
    );
    source.reject(token);
}

/// What a response says of the token that was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    /// The trailers may say something.
    NothingYet,
    Refused,
}

/// An attempt of its own, or the one that a handle shares among its requests to save the counting.
pub(crate) enum Sending {
    Own(Attempt),
    Kept(Arc<Attempt>),
}

impl Deref for Sending {
    type Target = Attempt;

    fn deref(&self) -> &Attempt {
        match self {
            Self::Own(attempt) => attempt,
            Self::Kept(attempt) => attempt,
        }
    }
}
