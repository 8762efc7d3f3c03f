//! One exchange with a token endpoint.

use std::{fmt, sync::Arc, time::Duration};

use auth_core::{
    Credentials, Error, ErrorKind, Exchange, Lifetime, Secret, Sent, Token, TokenRequest, TokenSet,
    Transport,
};
use bytes::Bytes;
use http::StatusCode;
use tracing::Instrument;
use zeroize::Zeroize;

use crate::{
    Asked, Dialect, Endpoint, GrantRequest, MissingRefresh, Step, TokenReply, decode, encode,
    request::secrets,
};

/// How far two clocks may be apart before it is worth a word.
const MAX_SKEW: Duration = Duration::from_secs(60);

/// A token endpoint, how to reach it, who asks, and what is odd about it. Cheap to clone.
#[derive(Clone)]
pub struct TokenClient(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    credentials: Arc<dyn Credentials>,
    dialect: Dialect,
}

impl TokenClient {
    /// Returns a client of `endpoint`.
    pub fn new(
        endpoint: Endpoint,
        credentials: impl Credentials + 'static,
        transport: impl Transport + 'static,
        dialect: Dialect,
    ) -> Self {
        Self(Arc::new(Inner {
            endpoint,
            transport: Arc::new(transport),
            credentials: Arc::new(credentials),
            dialect,
        }))
    }

    /// Returns the same client at another endpoint, for providers that have several.
    #[must_use]
    pub fn at(&self, endpoint: Endpoint) -> Self {
        Self(Arc::new(Inner {
            endpoint,
            transport: Arc::clone(&self.0.transport),
            credentials: Arc::clone(&self.0.credentials),
            dialect: self.0.dialect.clone(),
        }))
    }

    /// Returns the same client with another proof of who it is.
    #[must_use]
    pub fn known_by(&self, credentials: impl Credentials + 'static) -> Self {
        Self(Arc::new(Inner {
            endpoint: self.0.endpoint.clone(),
            transport: Arc::clone(&self.0.transport),
            credentials: Arc::new(credentials),
            dialect: self.0.dialect.clone(),
        }))
    }

    /// Returns the endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Returns the dialect.
    pub fn dialect(&self) -> &Dialect {
        &self.0.dialect
    }

    /// Sends one request and returns the complete set that comes of it.
    ///
    /// Where a refresh brings no new refresh token, the dialect says whether the one that was sent stays in the set.
    ///
    /// # Errors
    ///
    /// Those of the client's credentials, of the transport, and of [`decode`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives the exchange up. The server may have processed it.
    pub async fn exchange(&self, request: GrantRequest, ctx: &Exchange) -> Result<TokenSet, Error> {
        let step = request.step();
        let span = tracing::debug_span!(
            "token_request",
            host = %self.0.endpoint.origin(),
            path = self.0.endpoint.uri().path(),
            grant = step.name(),
        );
        self.run(request, ctx).instrument(span).await
    }

    /// Sends one request that can be granted once, such as an exchange of an old key, and says so where its outcome is
    /// unknown: the error is then of kind [`ErrorKind::LoginRequired`] with `code`.
    ///
    /// # Errors
    ///
    /// As [`exchange`](Self::exchange).
    ///
    /// # Cancellation
    ///
    /// As [`exchange`](Self::exchange).
    pub async fn exchange_once(
        &self,
        request: GrantRequest,
        ctx: &Exchange,
        code: &'static str,
    ) -> Result<TokenSet, Error> {
        let error = match self.exchange(request, ctx).await {
            Ok(set) => return Ok(set),
            Err(error) => error,
        };
        let denied = |status: StatusCode| !status.is_success() && !status.is_server_error();
        if error.sent() == Sent::No || error.status().is_some_and(denied) {
            return Err(error);
        }
        Err(error
            .with_kind(ErrorKind::LoginRequired)
            .with_code(code)
            .with_message(
                "it may be granted, but the answer is lost and it is not sent twice; log in in another way, or ask \
                 the provider",
            ))
    }

    async fn run(&self, request: GrantRequest, ctx: &Exchange) -> Result<TokenSet, Error> {
        let (step, dialect) = (request.step(), &self.0.dialect);
        // Found only afterwards, a header that cannot be sent would cost the token that was obtained.
        dressed(Token::bearer("probe".into())?, dialect)
            .map_err(|error| error.with_kind(ErrorKind::Configuration))?;
        let mut request = request.assemble(&self.0.endpoint, dialect)?;
        self.0.credentials.authenticate(&mut request).await?;
        let written = encode(&request, dialect)?;
        let asked = Asked::new(step, ctx.clock.now()).secrets(secrets(&request));
        let outcome = match self.0.transport.send(written).await {
            Ok(reply) => {
                let outcome = decode(&reply, &asked, dialect)
                    .and_then(|decoded| self.complete(decoded, &asked, &request));
                wipe(reply.into_body());
                outcome
            }
            Err(error) => Err(error),
        };
        report(&outcome);
        outcome
    }

    fn complete(
        &self,
        reply: TokenReply,
        asked: &Asked,
        request: &TokenRequest,
    ) -> Result<TokenSet, Error> {
        let dialect = &self.0.dialect;
        let answered = |error: Error| error.with_status(StatusCode::OK);
        if reply.skew.is_some_and(|skew| skew > MAX_SKEW) {
            tracing::warn!(skew = ?reply.skew, "the clocks of the server and of this machine differ");
        }
        let token = Token::bearer(reply.access).and_then(|token| dressed(token, dialect));
        let mut token = token.map_err(answered)?;
        if let Some(length) = reply.lifetime.or(dialect.assumed_lifetime) {
            token = token.with_lifetime(Lifetime::new(asked.at(), length));
        }
        if let Some(scope) = &reply.scope {
            token = token.with_scope(scope);
        }
        for (name, value) in reply.extras {
            token = token.with_extra(&name, value);
        }
        let keeps =
            asked.step() == Step::RefreshToken && dialect.missing_refresh == MissingRefresh::Keep;
        let kept = keeps.then(|| sent_refresh(request)).flatten();
        Ok(TokenSet::new(token).with_refresh(reply.refresh.or(kept)))
    }
}

/// Adds the headers that every token of the dialect brings along.
fn dressed(token: Token, dialect: &Dialect) -> Result<Token, Error> {
    let mut headers = dialect.token_headers.iter();
    headers.try_fold(token, |token, (name, value)| {
        token.with_header(name.clone(), value)
    })
}

fn sent_refresh(request: &TokenRequest) -> Option<Secret> {
    let mut all = request.form().iter().chain(request.query());
    let (_, value) = all.find(|(name, _)| name == "refresh_token")?;
    Some(value.clone())
}

/// Overwrites the body, unless the transport holds on to it too.
fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

fn report(outcome: &Result<TokenSet, Error>) {
    match outcome {
        Ok(set) => tracing::debug!(
            lifetime = ?set.token().and_then(Token::lifetime).map(|life| life.length()),
            refresh = set.refresh().is_some(),
            "a token was obtained"
        ),
        Err(error) => tracing::warn!(
            kind = ?error.kind(),
            sent = ?error.sent(),
            status = error.status().map(|status| status.as_u16()),
            code = error.code(),
            request_id = error.request_id(),
            "no token was obtained"
        ),
    }
}

impl fmt::Debug for TokenClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClient")
            .field("endpoint", &self.0.endpoint)
            .field("dialect", &self.0.dialect)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
