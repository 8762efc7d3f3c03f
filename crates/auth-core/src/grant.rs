//! Ways to obtain a token.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{Clock, Error, Secret, TokenSet};

/// One way to obtain a token: an exchange with a token endpoint.
///
/// # Contract
///
/// * The engine calls [`exchange`](Self::exchange) at most once at a time for one identity, in a task that belongs to
///   no caller, under a deadline.
/// * The set returned is complete; see [`TokenSet`].
/// * An error says by [`Error::kind`] who must act and by [`Error::sent`] whether the request may have been processed.
///   [`ErrorKind::LoginRequired`](crate::ErrorKind::LoginRequired) means that the refresh token was refused.
#[async_trait]
pub trait Grant: Send + Sync {
    /// Obtains a token.
    ///
    /// # Errors
    ///
    /// Whatever stood in the way; see the contract.
    ///
    /// # Cancellation
    ///
    /// Dropped only when its deadline passes or its runtime ends. What was sent by then may have been processed.
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error>;

    /// Returns whether an exchange spends the refresh token, so that sending it twice would lose the login.
    ///
    /// With a store, an exchange that does is noted there before it is sent; see [`Intent`](crate::Intent).
    fn rotates(&self) -> bool {
        true
    }

    /// Returns the refresh token that the grant was configured with, while it may still be sent.
    ///
    /// With a store and nothing in it, the engine stores it and gives it to [`exchange`](Self::exchange) as the previous
    /// set, so that no two processes spend it.
    fn initial(&self) -> Option<Secret> {
        None
    }

    /// Returns how long after it was first sent a spent refresh token may be sent once more, because the provider then
    /// answers with a good token and revokes nothing. Zero, unless the provider promises it.
    ///
    /// It counts from when the token was first sent, by the wall clocks of the machines involved: name less than what the
    /// provider promises, by as much as those clocks may differ. It decides what is done where a process died between sending and saving: within the leeway the token is sent
    /// again, later the outcome is reported as unknown.
    fn leeway(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a grant is told about the exchange it is asked for.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// The complete set held so far, whose refresh token may be used.
    pub previous: Option<TokenSet>,
    /// The clock to read just before a request is sent: lifetimes count from there.
    pub clock: Arc<dyn Clock>,
    /// Whether a person asked for this exchange, so that what is known to have failed may be tried again.
    pub forced: bool,
    /// Whether a server refused the access token of the previous set before its end.
    pub refused: bool,
}

impl Exchange {
    /// Returns the description of a first exchange.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            previous: None,
            clock,
            forced: false,
            refused: false,
        }
    }

    /// Returns the refresh token of the previous set.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.previous.as_ref()?.refresh()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("previous", &self.previous)
            .field("forced", &self.forced)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: Grant + ?Sized> Grant for $kind {
            async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
                (**self).exchange(ctx).await
            }

            fn rotates(&self) -> bool {
                (**self).rotates()
            }

            fn initial(&self) -> Option<Secret> {
                (**self).initial()
            }

            fn leeway(&self) -> Duration {
                (**self).leeway()
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);
