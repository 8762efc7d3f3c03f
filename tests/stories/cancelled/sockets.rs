//! A thousand random instants over sockets, in the life of one login.

mod instant;
mod line;

use std::{
    fmt,
    future::{Future, poll_fn},
    hash::{BuildHasher, RandomState},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use auth_core::{
    Cached, Clock, Error, ErrorKind, Exchange, Grant, MemoryStore, Origins, StoreKey, TokenSource,
    TokenStore,
};
use auth_oauth2::{
    AuthorizationCodeGrant, AuthorizationRequest, Basic, Dialect, Endpoint, RefreshToken,
    TokenClient,
};
use auth_reqwest::{HttpService, ReplayBody, ReqwestTransport};
use auth_testkit::{ManualClock, OAuth2Emulator, Resource};
use auth_tower::{Auth, AuthLayer};
use http::{Request, StatusCode};
use reqwest::Body;
use tower::{Layer, ServiceExt};

use self::{
    instant::{Chance, Flow, Instant, Leaves},
    line::Line,
};

const INSTANTS: usize = 1_000;
/// A number here plays other callers, and `random` ones that nobody played before. Which thread runs when is in no seed.
const SEED: &str = "STORIES_SEED";
/// The callers of a run that asks for no others.
const USUAL: u64 = 0x9e37_79b9_7f4a_7c15;
/// How long anything may take before it counts as wedged. A machine with other work to do is slow, too.
const PATIENCE: Duration = Duration::from_secs(120);

type Work = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_random_instants_lose_nothing() {
    let seed: u64 = match std::env::var(SEED).as_deref() {
        Err(_) => USUAL,
        Ok("random") => RandomState::new().hash_one(0_u8),
        Ok(number) => number.parse().expect("a number, or `random`"),
    };
    let (mut chance, world) = (Chance(seed | 1), World::start().await);
    let mut left = 0;
    for number in 0..INSTANTS {
        let instant = Instant::random(&mut chance);
        let at = format!("{SEED}={seed}, instant {number}, {instant:?}");
        let judged = tokio::time::timeout(PATIENCE, world.live(&instant, &at)).await;
        let dropped = judged.unwrap_or_else(|_| panic!("{at}: wedged, or a login is lost"));
        left += usize::from(dropped);
    }
    // Instants that come after the end are none.
    assert!(
        left > INSTANTS / 4,
        "{SEED}={seed}: only {left} callers left"
    );
    assert_eq!(world.issuer.ledger().deviations(), []);
    assert_eq!(world.issuer.ledger().answered(400), 0);
}

/// A server that rotates strictly, a resource, and one login behind a layer.
struct World {
    clock: ManualClock,
    issuer: OAuth2Emulator,
    api: Api,
    source: Cached,
    tokens: TokenClient,
    line: Line,
    store: MemoryStore,
    key: StoreKey,
    _resource: Resource,
}

#[derive(Clone)]
struct Api {
    address: String,
    stack: Auth<HttpService, ReplayBody>,
}

impl World {
    async fn start() -> Self {
        let clock = ManualClock::new();
        let issuer = OAuth2Emulator::start(Arc::new(clock.clone()))
            .await
            .unwrap();
        let resource = Resource::start(Arc::new(clock.clone()), issuer.acceptor()).await;
        let resource = resource.unwrap();
        for ledger in [issuer.ledger(), resource.ledger()] {
            ledger.keep(10);
        }
        let mut line = Line::new();
        let token = line.to(issuer.server().address()).await;
        let token = Endpoint::parse(&format!("{token}/token")).unwrap();
        let base = line.to(resource.server().address()).await;
        let credentials = Basic::encoded(&issuer.client_id(), &issuer.client_secret()).unwrap();
        let transport = ReqwestTransport::new().unwrap();
        let tokens = TokenClient::new(token, credentials, transport, Dialect::default());
        let grant = RefreshToken::new(tokens.clone()).starting_from(issuer.issue_refresh_token());
        let (store, key) = (MemoryStore::new(), StoreKey::new(["story"]));
        let source = Cached::builder(grant, Origins::parse(&base).unwrap())
            .clock(clock.clone())
            .store(store.clone(), key.clone())
            .build();
        source.warm_up().await.unwrap();
        let layer = AuthLayer::new(source.clone()).replay(ReplayBody);
        Self {
            api: Api {
                address: format!("{base}/things"),
                stack: layer.layer(HttpService::new().unwrap()),
            },
            clock,
            issuer,
            source,
            tokens,
            line,
            store,
            key,
            _resource: resource,
        }
    }

    /// Lets a caller come and leave, and judges what is there then. Returns whether it left before its end.
    async fn live(&self, instant: &Instant, at: &str) -> bool {
        // Enough for the limit on forced renewals.
        self.clock.advance(Duration::from_secs(2));
        // Good and far from its end, whatever was before.
        self.api.clone().call().await.unwrap();
        let (work, exchanges) = self.prepare(instant.flow).await;
        let sent = self.exchanges();
        let company = instant
            .company
            .then(|| tokio::spawn(self.api.clone().call()));
        let outcome = self.leave(work, instant.leaves).await;
        if let Some(outcome) = &outcome {
            assert!(outcome.is_ok(), "{at}: {outcome:?}");
        }
        if let Some(company) = company {
            company
                .await
                .unwrap()
                .unwrap_or_else(|error| panic!("{at}: {error}"));
        }
        // What goes on without its caller is over when the newest login is stored.
        while self.exchanges() - sent < exchanges || !self.has_the_newest_login().await {
            self.api
                .clone()
                .call()
                .await
                .unwrap_or_else(|error| panic!("{at}: {error}"));
        }
        self.api
            .clone()
            .call()
            .await
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(self.exchanges() - sent, exchanges, "{at}");
        let lost = (self.issuer.reuses(), self.issuer.families_revoked());
        assert_eq!(lost, (0, 0), "{at}: a spent token was sent again");
        outcome.is_none()
    }

    /// Returns what the caller does, and how many exchanges that is worth.
    async fn prepare(&self, flow: Flow) -> (Work, usize) {
        let (source, api) = (self.source.clone(), self.api.clone());
        match flow {
            Flow::EndedToken | Flow::RequestWithEndedToken => {
                self.clock.advance(Duration::from_secs(300));
            }
            Flow::RequestWithDeadToken => self.issuer.expire_all_access_tokens(),
            _ => {}
        }
        match flow {
            Flow::EndedToken => (Box::pin(async move { source.token().await.map(drop) }), 1),
            Flow::RequestWithGoodToken => (Box::pin(api.call()), 0),
            Flow::RequestWithEndedToken | Flow::RequestWithDeadToken => (Box::pin(api.call()), 1),
            Flow::ForcedRenewal => (
                Box::pin(async move { source.renew_now().await.map(drop) }),
                1,
            ),
            Flow::NewLogin => {
                let grant = self.approved();
                let login = async move |ctx: Exchange| Ok((grant.exchange(&ctx).await?, ()));
                (Box::pin(async move { source.login_from(login).await }), 1)
            }
        }
    }

    /// Lets a user approve.
    fn approved(&self) -> AuthorizationCodeGrant {
        let page = Endpoint::parse(&self.issuer.authorize_url()).unwrap();
        let (id, back) = (self.issuer.client_id(), self.issuer.redirect_uri());
        let request = AuthorizationRequest::new(page, &id, &back).unwrap();
        let (address, mut pending) = request.start(self.clock.now()).unwrap();
        let callback = self.issuer.approve(&address).unwrap();
        let code = pending.callback(&callback, self.clock.now()).unwrap();
        AuthorizationCodeGrant::new(self.tokens.clone(), code)
    }

    /// Drops `work` when it is to leave, if it has not ended by then.
    async fn leave(&self, work: Work, leaves: Leaves) -> Option<Result<(), Error>> {
        let mut work = pin!(work);
        match leaves {
            Leaves::AfterPoll(mut polls) => {
                poll_fn(|cx| match work.as_mut().poll(cx) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending => {
                        polls -= 1;
                        if polls == 0 {
                            return Poll::Ready(None);
                        }
                        Poll::Pending
                    }
                })
                .await
            }
            Leaves::AfterBytes(bytes) => {
                self.line.stand_still_after(bytes);
                let outcome = tokio::select! {
                    biased;
                    outcome = work => Some(outcome),
                    () = self.line.stands_still() => None,
                };
                self.line.go_on();
                outcome
            }
        }
    }

    /// Returns how many token requests there were.
    fn exchanges(&self) -> usize {
        let ledger = self.issuer.ledger();
        ledger.requests() - ledger.count("authorize")
    }

    async fn has_the_newest_login(&self) -> bool {
        let newest = self.issuer.refresh_tokens().pop().unwrap();
        let stored = self.store.load(&self.key).await.unwrap().unwrap();
        let stored = stored.set.refresh().map(auth_core::Secret::expose);
        stored == Some(newest.expose())
    }
}

impl Api {
    async fn call(self) -> Result<(), Error> {
        let request = Request::post(&self.address).body(Body::from("made up"));
        let failed = |why: &dyn fmt::Display| Error::new(ErrorKind::Protocol, why.to_string());
        let answer = self.stack.oneshot(request.unwrap()).await;
        let answer = answer.map_err(|error| failed(&error))?;
        match answer.status() {
            StatusCode::OK => Ok(()),
            status => Err(failed(&status)),
        }
    }
}
