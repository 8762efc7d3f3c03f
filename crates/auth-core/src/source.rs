//! Where tokens come from, seen by who sends them.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{Error, Moment, Origins, Ticks, Token};

/// A source of tokens for one identity. The layer of `auth-tower` needs nothing else.
///
/// # Contract
///
/// * [`token`](Self::token) returns a usable token and waits only if none is held. N callers that wait together cause
///   one attempt and share its outcome. The future may be dropped at any time; the attempt goes on.
/// * [`peek`](Self::peek) waits for nobody's work. When it answers [`Peek::Ready`] or [`Peek::Renew`], `held` holds a token.
/// * [`reject`](Self::reject) concerns the named token only: a refusal that comes late, when another token is already
///   current, does nothing.
/// * The token may go to [`origins`](Self::origins) and nowhere else.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use auth_core::{Error, Origins, Secret, Token, TokenSource};
///
/// struct Fixed(Secret, Origins);
///
/// #[async_trait]
/// impl TokenSource for Fixed {
///     async fn token(&self) -> Result<Token, Error> {
///         Token::bearer(self.0.clone())
///     }
///
///     fn origins(&self) -> &Origins {
///         &self.1
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let source = Fixed(Secret::new("made-up"), Origins::parse("https://api.example")?);
/// # let _: &dyn TokenSource = &source;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Returns a token, and waits only if nothing usable is held.
    ///
    /// # Errors
    ///
    /// Whatever kept the token from being obtained; see [`Error::kind`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives up the wait, not the work: what is under way is finished and kept.
    async fn token(&self) -> Result<Token, Error>;

    /// Looks for a usable token, and puts it in `held` if it changed. It waits for nothing but a lock that is held for a
    /// moment, and for none where `held` has it already.
    fn peek(&self, held: &mut Held) -> Peek {
        let _ = held;
        Peek::Absent
    }

    /// Makes sure that a renewal is under way. Never waits.
    fn renew(&self) {}

    /// Says that a server refused this very token. Does nothing unless it is still the current one. Never waits.
    fn reject(&self, refused: &Token) {
        let _ = refused;
    }

    /// Returns where the token may be sent. Nowhere, unless a source says otherwise.
    fn origins(&self) -> &Origins {
        Origins::none()
    }
}

/// The answer of [`TokenSource::peek`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever attaches a token must handle each answer"
)]
pub enum Peek {
    /// Send with the token held.
    Ready,
    /// Send with the token held, and call [`TokenSource::renew`]. One look per back-off step gets this answer.
    Renew,
    /// Nothing usable: wait for [`TokenSource::token`].
    Absent,
}

/// One handle's copy of the current token, between two looks at its source.
///
/// While the source has not moved, a look costs one atomic load and one reading of the clocks. Do not share one `Held` between
/// handles: that it is private is what lets them run on many cores without fighting over a cache line.
#[derive(Default)]
pub struct Held {
    token: Option<Token>,
    version: u64,
    until: Option<Moment>,
    shared: bool,
}

impl Held {
    /// Returns an empty one that keeps copies of its own, for a handle that is used for many requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an empty one that shares memory with the source, for a single look: no copy, no allocation.
    pub fn shared() -> Self {
        Self {
            shared: true,
            ..Self::default()
        }
    }

    /// Returns the token held.
    #[inline]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Returns whether what is held is of this version of the source and may be used without another look at `now`.
    #[inline]
    pub fn is_current(&self, version: u64, now: impl Into<Ticks>) -> bool {
        self.version == version
            && self.token.is_some()
            && self.until.is_none_or(|until| !until.has_come(now))
    }

    /// Keeps `token`, which is good without another look until the source's version moves or `until` comes.
    ///
    /// Versions must be unique across sources; [`Token::generation`] is, for a source that has no better one.
    pub fn keep(&mut self, token: &Token, version: u64, until: Option<Moment>) {
        self.put(token.clone(), version, until);
    }

    pub(crate) fn put(&mut self, token: Token, version: u64, until: Option<Moment>) {
        let same = self.token.as_ref().map(Token::generation) == Some(token.generation());
        if !same {
            self.token = Some(if self.shared {
                token
            } else {
                token.private_copy()
            });
        }
        self.version = version;
        self.until = until;
    }

    /// Takes the token out, for whoever looks once and then wants to own it.
    pub fn take(&mut self) -> Option<Token> {
        self.token.take()
    }

    /// Forgets the token.
    pub fn clear(&mut self) {
        self.token = None;
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Implements [`TokenSource`] for types that dereference to one. Of a type with a [`Cached`](crate::Cached) in a named
/// field, it also makes one that dereferences.
///
/// # Example
///
/// ```
/// use auth_core::Cached;
///
/// /// Tokens for administration, which cannot be passed for any others.
/// struct AdminSource {
///     cached: Cached,
/// }
///
/// auth_core::forward_token_source!(AdminSource.cached);
/// ```
#[macro_export]
macro_rules! forward_token_source {
    ($($name:ident.$field:ident),+) => {$(
        impl ::std::ops::Deref for $name {
            type Target = $crate::Cached;

            fn deref(&self) -> &$crate::Cached {
                &self.$field
            }
        }

        $crate::forward_token_source!($name);
    )+};
    ($($(@[$($of:tt)*])? $kind:ty),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl $(<$($of)*>)? $crate::TokenSource for $kind {
            // The future as it is: an `async fn` would put it in a box of its own, for each who waits. The lifetimes
            // have the names that they have in the trait, which no type of the caller's has.
            fn token<'life0, 'async_trait>(
                &'life0 self,
            ) -> ::std::pin::Pin<
                ::std::boxed::Box<
                    dyn ::std::future::Future<
                            Output = ::std::result::Result<$crate::Token, $crate::Error>,
                        > + ::std::marker::Send
                        + 'async_trait,
                >,
            >
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                (**self).token()
            }

            fn peek(&self, held: &mut $crate::Held) -> $crate::Peek {
                (**self).peek(held)
            }

            fn renew(&self) {
                (**self).renew();
            }

            fn reject(&self, refused: &$crate::Token) {
                (**self).reject(refused);
            }

            fn origins(&self) -> &$crate::Origins {
                (**self).origins()
            }
        }
    )*};
}

forward_token_source!(
    @[T: TokenSource + ?Sized] Arc<T>,
    @[T: TokenSource + ?Sized] Box<T>
);

#[cfg(test)]
mod tests;
