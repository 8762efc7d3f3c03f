//! The headers of a token: one, as nearly all tokens have, or several.

use std::{mem, ops::Deref};

use http::{HeaderName, HeaderValue};

/// A header, its value marked sensitive.
type Header = (HeaderName, HeaderValue);

/// The one stands within the token, so that whoever looks at a token finds it there.
#[derive(Clone)]
pub(super) enum Headers {
    One([Header; 1]),
    Several(Vec<Header>),
}

impl Headers {
    /// Adds a header; one of the same name is replaced.
    pub(super) fn put(&mut self, name: HeaderName, value: HeaderValue) {
        let mut all = match mem::take(self) {
            Self::One(one) => Vec::from(one),
            Self::Several(all) => all,
        };
        all.retain(|(other, _)| *other != name);
        all.push((name, value));
        *self = all.into();
    }
}

impl Default for Headers {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl From<Vec<Header>> for Headers {
    fn from(all: Vec<Header>) -> Self {
        // The first clone makes the counter of all clones: here, beside the token, and not in somebody's request.
        drop(all.clone());
        all.try_into().map_or_else(Self::Several, Self::One)
    }
}

impl Deref for Headers {
    type Target = [Header];

    #[inline]
    fn deref(&self) -> &[Header] {
        match self {
            Self::One(one) => one,
            Self::Several(all) => all,
        }
    }
}
