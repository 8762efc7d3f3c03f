//! What one handle keeps to itself.

use std::sync::Arc;

use auth_core::{Held, TokenSource};

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
        self.use_count = match self.use_count {
            Uses::None => Uses::One,
            Uses::One => {
                self.held = Held::new();
                Uses::More
            }
            Uses::More => Uses::More,
        };
        &mut self.held
    }

    /// Returns the attempt for the token held, which was just put on a request.
    #[inline]
    pub(crate) fn sending(
        &mut self,
        source: &Arc<dyn TokenSource>,
        config: &Config,
    ) -> Option<Sending> {
        if !matches!(self.use_count, Uses::More) {
            let token = self.held.take()?;
            return Some(Sending::Own(Attempt::new(
                Arc::clone(source),
                token,
                config,
            )));
        }
        let token = self.held.token()?;
        let kept = match &mut self.kept {
            Some(kept) if kept.token.generation() == token.generation() => kept,
            kept => kept.insert(Arc::new(Attempt::new(
                Arc::clone(source),
                token.clone(),
                config,
            ))),
        };
        Some(Sending::Kept(Arc::clone(kept)))
    }
}
