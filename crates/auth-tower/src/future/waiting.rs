//! What is put in a box because it must wait.

use std::{future::Future, pin::Pin, sync::Arc};

use auth_core::{Token, TokenSource};
use http::Request;
use tower_service::Service;

use super::State;
use crate::{
    AuthError, Reason, Replay,
    attempt::{Attempt, Sending},
    config::{Config, Passage},
    service::depart,
};

pub(super) type TokenFuture = Pin<Box<dyn Future<Output = Result<Token, auth_core::Error>> + Send>>;

/// Starts the wait for a token.
pub(super) fn token_of(source: &Arc<dyn TokenSource>) -> TokenFuture {
    let source = Arc::clone(source);
    Box::pin(async move { source.token().await })
}

/// A request that waits for its first token, with the service that was polled ready for it.
pub(crate) struct Waiting<S, B, P> {
    pub(crate) service: S,
    pub(crate) config: Arc<Config>,
    pub(crate) replay: P,
    pub(crate) source: Arc<dyn TokenSource>,
    pub(crate) request: Request<B>,
}

/// A response that refused its token, and the request that is sent again if another token comes.
pub(super) struct Refused<S, B, A> {
    pub(super) response: A,
    pub(super) request: Request<B>,
    pub(super) service: S,
    pub(super) config: Arc<Config>,
    pub(super) attempt: Sending,
}

/// A request that is sent again as soon as the service is ready.
pub(super) struct Again<S, B> {
    pub(super) service: S,
    pub(super) request: Request<B>,
    pub(super) attempt: Option<Attempt>,
}

impl<S, B, P> Waiting<S, B, P>
where
    S: Service<Request<B>> + Clone,
    P: Replay<B> + Clone,
{
    pub(super) fn proceed(
        mut self,
        token: Result<Token, auth_core::Error>,
    ) -> Result<State<S, B, P>, AuthError> {
        let token = match token {
            Ok(token) => token,
            Err(_) if self.config.anonymous => {
                return Ok(State::Sent {
                    future: self.service.call(self.request),
                    attempt: None,
                    spare: None,
                });
            }
            Err(cause) => return Err(AuthError::new(Reason::Token, cause)),
        };
        let sending = Sending::Own(Attempt::new(self.source, token, &self.config));
        let departed = depart(
            &mut self.service,
            &self.config,
            &self.replay,
            self.request,
            Some(sending),
        );
        Ok(State::sent(departed))
    }
}

impl<S, B, A> Refused<S, B, A> {
    /// Prepares the second sending, or gives the response back if the token is still the one that was refused or may
    /// no longer go there.
    pub(super) fn proceed(
        mut self,
        token: Result<Token, auth_core::Error>,
    ) -> Result<Result<Again<S, B>, A>, AuthError> {
        let token = token.map_err(|cause| AuthError::new(Reason::NextToken, cause))?;
        if token.generation() == self.attempt.token.generation() {
            return Ok(Err(self.response));
        }
        let source = Arc::clone(&self.attempt.source);
        match self.config.admit(&*source, self.request.uri())? {
            Passage::WithToken => {}
            Passage::WithoutToken => return Ok(Err(self.response)),
        }
        token.apply(self.request.headers_mut());
        let attempt = Attempt::new(source, token, &self.config);
        Ok(Ok(Again {
            service: self.service,
            request: self.request,
            attempt: Some(attempt),
        }))
    }
}

impl<S, B> Again<S, B> {
    pub(super) fn send<P>(mut self) -> State<S, B, P>
    where
        S: Service<Request<B>>,
        P: Replay<B>,
    {
        State::Sent {
            future: self.service.call(self.request),
            attempt: self.attempt.map(Sending::Own),
            spare: None,
        }
    }
}
