//! What one handle keeps to itself.

use std::sync::Arc;

use auth_core::{Held, TokenSource};
use http::HeaderMap;

use crate::{
    attempt::{Attempt, Sending},
    config::Config,
};

/// The token that a handle holds, in memory that no other handle touches.
///
/// The first request shares the source's memory: a clone that lives for one request would pay for the copy and never
/// use it.
pub(crate) struct Seat {
    held: Held,
    use_count: Uses,
    kept: Option<Arc<Attempt>>,
}

#[derive(Clone, Copy)]
enum Uses {
    None,
    One,
    More,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            held: Held::shared(),
            use_count: Uses::None,
            kept: None,
        }
    }
}

impl Seat {
    /// Returns the place to look into for one request.
    #[inline]
    pub(crate) fn held(&mut self) -> &mut Held {
        match self.use_count {
            Uses::None => self.use_count = Uses::One,
            Uses::One => {
                self.held = Held::new();
                self.use_count = Uses::More;
            }
            Uses::More => {}
        }
        &mut self.held
    }

    /// Puts the token that is held on a request, and returns the attempt; nothing where the request carries another one.
    #[inline]
    pub(crate) fn put(
        &mut self,
        source: &Arc<dyn TokenSource>,
        config: &Arc<Config>,
        headers: &mut HeaderMap,
    ) -> Option<Sending> {
        let token = self.held.token()?;
        if !token.attach(headers) {
            return None;
        }
        match &self.kept {
            Some(kept) if kept.token.generation() == token.generation() => {
                Some(Sending::Kept(Arc::clone(kept)))
            }
            _ => self.first(source, config),
        }
    }

    /// Returns the attempt for a token that was not on a request of this handle before.
    fn first(&mut self, source: &Arc<dyn TokenSource>, config: &Arc<Config>) -> Option<Sending> {
        if !matches!(self.use_count, Uses::More) {
            let token = self.held.take()?;
            let attempt = Attempt::new(Arc::clone(source), token, Arc::clone(config));
            return Some(Sending::Own(attempt));
        }
        let token = self.held.token()?.clone();
        let attempt = Arc::new(Attempt::new(Arc::clone(source), token, Arc::clone(config)));
        self.kept = Some(Arc::clone(&attempt));
        Some(Sending::Kept(attempt))
    }
}

#[cfg(test)]
mod tests;
