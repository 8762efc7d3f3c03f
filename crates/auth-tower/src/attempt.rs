//! One sending of one token, and what happens if the server refuses it.

use std::{ops::Deref, sync::Arc};

use auth_core::{Token, TokenSource};
use http::{HeaderMap, Response};

use crate::{
    answer::{Answer, Refusal},
    config::Config,
};

/// The token that was sent, and whom to tell if it is refused.
pub(crate) struct Attempt {
    pub(crate) source: Arc<dyn TokenSource>,
    pub(crate) token: Token,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) watched: bool,
}

impl Attempt {
    pub(crate) fn new(source: Arc<dyn TokenSource>, token: Token, config: &Config) -> Self {
        Self {
            source,
            token,
            refusal: config.refusal.clone(),
            watched: config.watched,
        }
    }

    /// Returns whether `response` says that the token is no longer good.
    pub(crate) fn is_refused<R>(&self, response: &Response<R>) -> bool {
        let answer = Answer::of(response);
        let refused = match &self.refusal {
            None => answer.is_unauthenticated(),
            Some(rule) => rule(&answer),
        };
        refused && !answer.lacks_scope()
    }

    pub(crate) fn reject(&self) {
        tracing::debug!(
            generation = self.token.generation(),
            "the server refused the token"
        );
        self.source.reject(&self.token);
    }
}

/// An attempt of its own, or the one that a handle shares among its requests to save the counting.
pub(crate) enum Sending {
    Own(Attempt),
    Kept(Arc<Attempt>),
}

impl Sending {
    pub(crate) fn into_shared(self) -> Arc<Attempt> {
        match self {
            Self::Own(attempt) => Arc::new(attempt),
            Self::Kept(attempt) => attempt,
        }
    }
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

/// Returns whether the request already carries a header that the token would set.
#[inline]
pub(crate) fn carries(headers: &HeaderMap, token: &Token) -> bool {
    token.headers().any(|(name, _)| headers.contains_key(name))
}
