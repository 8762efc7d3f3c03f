mod replies;
mod secrets;

use std::{fmt, sync::Arc, time::Duration};

use auth_core::{Clock, Error, ErrorKind, Exchange, Grant, Secret, Sent, TokenSet};
use bytes::Bytes;
use http::Response;

use super::{
    clause::{Clause, PATIENCE},
    secrecy::Planted,
};
use crate::{ManualClock, ScriptedTransport};

const ACCESS: &str = "contract-access-token";
const EARLIER: &str = "contract-earlier-refresh-token";
const LATER: &str = "contract-later-refresh-token";

/// What a reply of the token endpoint is to issue.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Issued<'a> {
    /// The access token.
    pub access: &'a str,
    /// The refresh token, if the reply is to have one.
    pub refresh: Option<&'a str>,
    /// How long the access token lasts.
    pub lifetime: Duration,
}

/// A grant to hold to the contract of [`Grant`], with what the suite must know of its provider.
///
/// Only [`grant`](Self::grant) and [`reply`](Self::reply) have to be written; the rest says what is usual.
pub trait GrantFixture: Send + Sync {
    /// The grant.
    type Grant: Grant + fmt::Debug;

    /// Makes the grant, which sends all its requests through `transport`.
    fn grant(&self, transport: ScriptedTransport) -> Self::Grant;

    /// Writes a successful reply of the provider that issues `issued`. It may leave out what the provider never sends.
    fn reply(&self, issued: Issued<'_>) -> Response<Bytes>;

    /// Returns what is held before the exchange, with `refresh` as its refresh token. A grant that does not use one
    /// returns nothing.
    fn previous(&self, refresh: Secret) -> Option<TokenSet> {
        Some(TokenSet::login(refresh))
    }

    /// Returns whether a refresh token that was sent stays good when the reply brings no other. At most providers it
    /// does (RFC 6749 §6).
    fn keeps_refresh(&self) -> bool {
        true
    }

    /// Returns the provider's refusals, and the kind of error that each must become. For a grant that refreshes, name
    /// the refusal of the refresh token, with [`ErrorKind::LoginRequired`].
    fn refusals(&self) -> Vec<(Response<Bytes>, ErrorKind)> {
        Vec::new()
    }

    /// Returns the secrets with which the grant was made, which must not be seen.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

/// Holds a grant to the contract of [`Grant`].
///
/// | clause | what it asks for |
/// | --- | --- |
/// | `complete` | the set has the access token issued, and of refresh tokens only the one issued or the one before |
/// | `keeps_refresh` | where none is issued, the refresh token from before stays in the set, or leaves it if it is spent |
/// | `rotates` | a refresh token that was sent and replaced is said to be spent |
/// | `lifetime` | the life of the token counts from before the request |
/// | `once` | when the outcome of a request is unknown, neither it nor its refresh token is sent again |
/// | `sent` | an error of the transport keeps its kind and whether the request arrived |
/// | `refusals` | each refusal becomes the error that its fixture names |
/// | `garbage` | whatever else a server answers is an error, and no reason to log in again |
/// | `unavailable` | so is a server in trouble, which is worth waiting for |
/// | `secrecy` | no `Debug` and no error shows a secret, even if the server quotes it |
///
/// # Panics
///
/// Where a clause is broken.
///
/// # Cancellation
///
/// Safe: nothing is left behind.
pub async fn grant<F: GrantFixture>(fixture: &F) {
    replies::run(fixture).await;
    secrets::run(fixture).await;
}

/// A grant that was never used, and what answers it.
struct Stage<'a, F: GrantFixture> {
    clause: Clause,
    fixture: &'a F,
    grant: F::Grant,
    transport: ScriptedTransport,
    clock: ManualClock,
}

impl<'a, F: GrantFixture> Stage<'a, F> {
    fn new(name: &'static str, fixture: &'a F) -> Self {
        let transport = ScriptedTransport::new();
        Self {
            clause: Clause::new("grant", name, PATIENCE),
            fixture,
            grant: fixture.grant(transport.clone()),
            transport,
            clock: ManualClock::new(),
        }
    }

    async fn exchange(&self) -> Result<TokenSet, Error> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let mut ctx = Exchange::new(clock);
        ctx.previous = self.fixture.previous(Secret::from(EARLIER));
        self.clause
            .soon(self.grant.exchange(&ctx), "exchange()")
            .await
    }

    async fn succeed(&self) -> TokenSet {
        let outcome = self.exchange().await;
        self.clause
            .succeeds(outcome, "an exchange that was answered")
    }

    /// Lets the server issue an access token, and a refresh token where there is one.
    fn issue(&self, refresh: Option<&str>) {
        self.answer(self.reply(ACCESS, refresh));
    }

    fn answer(&self, response: Response<Bytes>) {
        self.transport.always(move |_| Ok(response.clone()));
    }

    fn reply(&self, access: &str, refresh: Option<&str>) -> Response<Bytes> {
        self.fixture.reply(Issued {
            access,
            refresh,
            lifetime: Duration::from_secs(3600),
        })
    }

    /// Returns how many requests held the refresh token from before.
    fn presented(&self) -> usize {
        let earlier = Planted::new([EARLIER]);
        let requests = self.transport.requests();
        let presents = requests.iter().filter(|recorded| {
            let request = recorded.request();
            let headers = request.headers().values();
            earlier.is_in(&request.uri().to_string())
                || earlier.is_in(&String::from_utf8_lossy(request.body()))
                || headers
                    .into_iter()
                    .any(|value| earlier.is_in(&String::from_utf8_lossy(value.as_bytes())))
        });
        presents.count()
    }

    fn answered(&self, error: &Error, doing: &str) {
        let sent = error.sent();
        self.clause.holds(
            sent == Sent::Answered,
            format_args!("{doing} gave an error that says sent {sent:?}"),
        );
    }
}
