//! How a request body is sent a second time.

mod known;
mod record;
pub(crate) mod spare;

pub use known::Known;
pub use record::{RecordBody, Recording, Tape};

/// Keeps of a request body what a second sending needs, for the case that the token is refused.
///
/// # Contract
///
/// * [`split`](Self::split) returns a body with the same content as the one it got.
/// * [`restore`](Self::restore) returns the whole content or nothing, never a part.
/// * `Clone` proves nothing about a body: a clone may share a stream that is consumed once. So there is no
///   implementation for everything that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not know how to send a `{B}` body a second time",
    label = "this replay policy does not fit the request body `{B}`",
    note = "use `.replay(Never)` to send nothing twice, `.replay(ReplayWith(|body| ..))` for a body with a `try_clone` \
            of its own, or `.replay(RecordBody::new(limit, wrap))` for a boxed body"
)]
pub trait Replay<B> {
    /// What is kept while the request is under way.
    type Spare;

    /// Returns whether `body` is one of those that are kept. A no saves the copy of the request's head.
    fn keeps(&self, body: &B) -> bool {
        let _ = body;
        true
    }

    /// Returns the body to send now, and what is needed to send it again.
    fn split(&self, body: B) -> (B, Option<Self::Spare>);

    /// Returns the body to send again, if what was kept is whole.
    fn restore(&self, spare: Self::Spare) -> Option<B>;
}

/// Sends nothing twice. A refused token is rejected for the next request, and the caller gets the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct Never;

impl<B> Replay<B> for Never {
    type Spare = std::convert::Infallible;

    fn keeps(&self, _body: &B) -> bool {
        false
    }

    fn split(&self, body: B) -> (B, Option<Self::Spare>) {
        (body, None)
    }

    fn restore(&self, spare: Self::Spare) -> Option<B> {
        match spare {}
    }
}

/// Copies a body by a function, for bodies that know themselves whether they can be copied.
///
/// The function returns `None` where the body can be read only once.
///
/// # Example
///
/// ```
/// use auth_tower::{Replay, ReplayWith};
///
/// struct Body(Option<Vec<u8>>); // None: a stream
///
/// impl Body {
///     fn try_clone(&self) -> Option<Body> {
///         self.0.clone().map(|bytes| Body(Some(bytes)))
///     }
/// }
///
/// let replay = ReplayWith(Body::try_clone);
/// assert!(replay.split(Body(Some(vec![1]))).1.is_some());
/// assert!(replay.split(Body(None)).1.is_none());
/// ```
#[expect(
    clippy::exhaustive_structs,
    reason = "it is the function and nothing else"
)]
pub struct ReplayWith<B>(pub fn(&B) -> Option<B>);

impl<B> Replay<B> for ReplayWith<B> {
    type Spare = B;

    fn split(&self, body: B) -> (B, Option<B>) {
        let spare = (self.0)(&body);
        (body, spare)
    }

    fn restore(&self, spare: B) -> Option<B> {
        Some(spare)
    }
}

impl<B> Clone for ReplayWith<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for ReplayWith<B> {}

impl<B> std::fmt::Debug for ReplayWith<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplayWith(..)")
    }
}

#[cfg(test)]
mod tests;
