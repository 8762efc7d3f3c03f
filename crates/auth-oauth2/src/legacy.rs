//! Grants that RFC 9700 §2.4 forbids and that some providers still want.
//!
//! They are kept apart so that nobody uses them by accident.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, Sent, TokenSet};
use sha2::{Digest, Sha256};

use crate::{GrantRequest, GrantType, Step, TokenClient};

/// Where a user's name and password come from. It is asked before each use, so that a changed password is seen.
#[async_trait]
pub trait UserCredentials: Send + Sync {
    /// Returns the name and the password.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LoginRequired`] where none is held, or whatever kept them from being read.
    ///
    /// # Cancellation
    ///
    /// The future can be dropped at any time.
    async fn user(&self) -> Result<User, Error>;
}

macro_rules! forward {
    ($($kind:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: UserCredentials + ?Sized> UserCredentials for $kind {
            async fn user(&self) -> Result<User, Error> {
                (**self).user().await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>);

/// A user's name and password. As [`UserCredentials`] it gives itself.
#[derive(Clone, Debug)]
pub struct User {
    name: Secret,
    password: Secret,
}

impl User {
    /// Puts the two together.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where either is empty.
    pub fn new(name: Secret, password: Secret) -> Result<Self, Error> {
        if name.is_empty() || password.is_empty() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the user name or the password is empty",
            ));
        }
        Ok(Self { name, password })
    }

    /// Returns a number that tells this pair from others without holding it.
    fn mark(&self) -> [u8; 32] {
        let length = u64::try_from(self.name.expose().len()).unwrap_or(u64::MAX);
        Sha256::new()
            .chain_update(length.to_be_bytes())
            .chain_update(self.name.expose())
            .chain_update(self.password.expose())
            .finalize()
            .into()
    }
}

#[async_trait]
impl UserCredentials for User {
    async fn user(&self) -> Result<Self, Error> {
        Ok(self.clone())
    }
}

/// Obtains a token with a user's name and password (RFC 6749 §4.3).
///
/// A pair that the server refused is not sent again until it changes or a person asks for it
/// ([`Exchange::forced`]), so that no account gets locked by repetition.
#[derive(Clone)]
pub struct ResourceOwnerPassword {
    client: TokenClient,
    user: Arc<dyn UserCredentials>,
    request: GrantRequest,
    refused: Arc<Mutex<Option<[u8; 32]>>>,
}

impl ResourceOwnerPassword {
    /// Returns the grant for that user.
    pub fn new(client: TokenClient, user: impl UserCredentials + 'static) -> Self {
        Self {
            client,
            user: Arc::new(user),
            request: GrantRequest::new(Step::Password),
            refused: Arc::default(),
        }
    }

    /// Names the grant, for providers that tell users of several kinds apart by it.
    #[must_use]
    pub fn grant_type(mut self, name: &'static str) -> Self {
        self.request = self.request.grant_type(GrantType::Named(name.into()));
        self
    }

    /// Adds a parameter of the provider's own.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, value: Secret) -> Self {
        self.request = self.request.parameter(name, value);
        self
    }

    fn refused(&self) -> MutexGuard<'_, Option<[u8; 32]>> {
        // A mark is whole or absent, so a poisoned lock guards nothing broken.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Grant for ResourceOwnerPassword {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let user = self.user.user().await?;
        let mark = user.mark();
        if !ctx.forced && *self.refused() == Some(mark) {
            return Err(Error::new(
                ErrorKind::LoginRequired,
                "the server refused this user name and password before; change them, or ask for another try",
            )
            .with_code("invalid_grant"));
        }
        let request = self
            .request
            .clone()
            .parameter("username", user.name)
            .parameter("password", user.password);
        let outcome = self.client.exchange(request, ctx).await;
        match &outcome {
            Ok(_) => *self.refused() = None,
            // Whatever the server calls it: only the pair itself can be what it refused so.
            Err(error)
                if error.kind() == ErrorKind::LoginRequired && error.sent() == Sent::Answered =>
            {
                *self.refused() = Some(mark);
            }
            Err(_) => {}
        }
        outcome
    }

    fn rotates(&self) -> bool {
        // It never sends a refresh token.
        false
    }
}

impl fmt::Debug for ResourceOwnerPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceOwnerPassword")
            .field("client", &self.client)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
