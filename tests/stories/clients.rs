//! Three HTTP clients, one layer: hyper-util, reqwest and tonic tell the same stories over loopback sockets.

mod grpc;
mod hyper_api;
mod refusals;
mod reqwest_api;
mod rotation;
mod sessions;
mod storms;
mod tonic_api;
mod turnstile;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Cached, CachedBuilder, Origin, Origins, Policy, TokenSource, Transport};
use auth_oauth2::{Basic, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_testkit::{Gate, ManualClock, OAuth2Emulator, Resource};
use auth_tower::BoxError;

pub(crate) use self::hyper_api::client as hyper_client;
use self::{hyper_api::HyperApi, reqwest_api::ReqwestApi, tonic_api::TonicApi};

/// How long the access tokens of the stories last.
const LIFETIME: Duration = Duration::from_secs(300);
/// A body that each client can send a second time.
const BODY: &str = "a made-up body that must arrive whole";
/// The length of a body that no client can send a second time.
const STREAMED: usize = 100 * 1024;

/// One request.
#[derive(Clone, Copy)]
enum Call {
    /// With [`BODY`].
    Whole,
    /// With a body of [`STREAMED`] bytes that is read once.
    Streamed,
}

/// What came back: the status, told as HTTP tells it, and how many bytes of body the server says it got.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Answer {
    status: u16,
    echo: Option<usize>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.status, self.echo)
    }
}

/// The answer to [`Call::Whole`] where all is well.
const WELL: Answer = Answer {
    status: 200,
    echo: Some(BODY.len()),
};

/// An HTTP client with the layer around it.
#[async_trait]
trait Api: Clone + Send + Sync + 'static {
    /// Builds it for the server at `base`. Its requests pass `gate` after they got their token.
    fn over(source: Arc<dyn TokenSource>, base: &str, gate: &Gate) -> Self;

    /// Returns a transport for token requests, over the same kind of client where it can be one.
    fn transport() -> Arc<dyn Transport>;

    /// Sends one request.
    async fn call(&self, call: Call) -> Result<Answer, BoxError>;
}

/// A server that issues rotating logins, one that takes its access tokens, and the clock that all read.
struct Story {
    issuer: OAuth2Emulator,
    resource: Resource,
    clock: ManualClock,
    gate: Gate,
}

impl Story {
    async fn start() -> Self {
        let clock = ManualClock::new();
        let issuer = OAuth2Emulator::start(Arc::new(clock.clone())).await;
        let issuer = issuer.unwrap();
        let resource = Resource::start(Arc::new(clock.clone()), issuer.acceptor()).await;
        let resource = resource.unwrap();
        resource.ledger().issuer(issuer.ledger());
        let gate = Gate::new();
        gate.open();
        Self {
            issuer,
            resource,
            clock,
            gate,
        }
    }

    /// Returns a client over `source` for the story's resource.
    fn api<A: Api>(&self, source: &Cached) -> A {
        A::over(source.clone().into(), &self.resource.base_url(), &self.gate)
    }

    /// Returns a source that holds a login of its own, and refreshes it over the client's transport.
    fn source<A: Api>(&self) -> Cached {
        let origins = Origins::parse(&self.resource.base_url()).unwrap();
        self.builder::<A>(origins).build()
    }

    fn builder<A: Api>(&self, origins: Origins) -> CachedBuilder {
        let grant = RefreshToken::new(self.token_client::<A>())
            .starting_from(self.issuer.issue_refresh_token());
        let mut policy = Policy::default();
        policy.jitter = 0.0;
        Cached::builder(grant, origins)
            .clock(self.clock.clone())
            .policy(policy)
    }

    fn token_client<A: Api>(&self) -> TokenClient {
        let endpoint = Endpoint::parse(&self.issuer.token_url()).unwrap();
        let (id, secret) = (self.issuer.client_id(), self.issuer.client_secret());
        let credentials = Basic::encoded(&id, &secret).unwrap();
        TokenClient::new(endpoint, credentials, A::transport(), Dialect::default())
    }

    /// Returns how many token requests were made, all of them refreshes.
    fn refreshes(&self) -> usize {
        let ledger = self.issuer.ledger();
        assert_eq!(ledger.requests(), ledger.count("refresh_token"));
        ledger.requests()
    }

    /// Returns how many requests the resource saw, and how many of them it refused.
    fn seen(&self) -> (usize, usize) {
        (self.resource.requests(), self.resource.refused())
    }

    /// Checks that everything was sent by the book, that no login was lost, and that no secret went astray.
    fn ends_well(&self) {
        for ledger in [self.issuer.ledger(), self.resource.ledger()] {
            assert_eq!(ledger.deviations(), []);
            assert_eq!(ledger.secrets_out_of_place(), []);
        }
        assert_eq!(
            (self.issuer.reuses(), self.issuer.families_revoked()),
            (0, 0)
        );
    }
}

async fn called(api: &impl Api, call: Call) -> Answer {
    api.call(call).await.expect("an answer")
}

fn origin(base: &str) -> Origin {
    Origin::parse(base).unwrap()
}

/// Runs each story once for each client.
macro_rules! for_each_client {
    ($($story:ident),* $(,)?) => {
        for_each_client!(hyper_util, crate::clients::HyperApi, $($story),*);
        for_each_client!(reqwest, crate::clients::ReqwestApi, $($story),*);
        for_each_client!(tonic, crate::clients::TonicApi, $($story),*);
    };
    ($client:ident, $api:ty, $($story:ident),*) => {
        mod $client {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story::<$api>().await;
                }
            )*
        }
    };
}
use for_each_client;
