//! A layer over a service that notes which token it was sent, above a grant that numbers its tokens.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use auth_core::{
    Cached, CachedBuilder, Clock, Error, Exchange, Grant, Lifetime, Origins, Policy, Secret, Token,
    TokenSet,
};
use auth_testkit::{Gate, ManualClock};
use auth_tower::{Auth, AuthLayer, BoxError};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Sets the wall clock of this machine; the monotonic clock goes on as before.
pub(super) type Jump = fn(&ManualClock);

pub(super) const BACK: [(&str, Jump); 3] = [
    ("back 1 h", |clock| clock.turn_wall_back(HOUR)),
    ("1970", |clock| clock.set_wall(SystemTime::UNIX_EPOCH)),
    ("before 1970", |clock| {
        clock.set_wall(SystemTime::UNIX_EPOCH - YEAR);
    }),
];

pub(super) const FORWARD: [(&str, Jump); 3] = [
    ("asleep for 2 days", |clock| clock.suspend(48 * HOUR)),
    ("forward 68 years", |clock| {
        clock.advance_wall_only(68 * YEAR);
    }),
    ("forward 136 years", |clock| {
        clock.advance_wall_only(136 * YEAR);
    }),
];

pub(super) fn jumps() -> impl Iterator<Item = (&'static str, Jump)> {
    BACK.into_iter().chain(FORWARD)
}

/// A token endpoint: the time of a token counts from when it was asked for, as with every grant over HTTP.
#[derive(Clone)]
pub(super) struct Numbered {
    length: Duration,
    pub(super) gate: Gate,
    asked: Arc<AtomicUsize>,
    answers: Arc<Mutex<Vec<Error>>>,
    spent: Arc<Mutex<Vec<String>>>,
}

impl Numbered {
    pub(super) fn new(length: Duration) -> Self {
        let gate = Gate::new();
        gate.open();
        Self {
            length,
            gate,
            asked: Arc::default(),
            answers: Arc::default(),
            spent: Arc::default(),
        }
    }

    /// Fails once, with `error`, in the exchange that comes next.
    pub(super) fn fails(&self, error: Error) {
        self.answers.lock().unwrap().push(error);
    }

    pub(super) fn calls(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Checks that no refresh token was sent twice.
    pub(super) fn spent_each_once(&self) {
        let mut spent = self.spent.lock().unwrap().clone();
        let all = spent.len();
        spent.sort();
        spent.dedup();
        assert_eq!(spent.len(), all, "a refresh token was spent twice");
    }
}

#[async_trait]
impl Grant for Numbered {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let asked = ctx.clock.now();
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let refresh = ctx.previous.as_ref().and_then(TokenSet::refresh);
        let refresh = refresh.map(|refresh| refresh.expose().to_owned());
        self.gate.pass().await;
        let failure = self.answers.lock().unwrap().pop();
        if let Some(error) = failure {
            return Err(error);
        }
        self.spent.lock().unwrap().extend(refresh);
        let token = Token::bearer(Secret::from(format!("t-{number}").as_str()))?;
        let token = token.with_lifetime(Lifetime::new(asked, self.length));
        let next = Secret::from(format!("r-{number}").as_str());
        Ok(TokenSet::new(token).with_refresh(Some(next)))
    }
}

/// Windows without jitter, so that the stories can name the second.
pub(super) fn builder(grant: &Numbered, clock: &ManualClock) -> CachedBuilder {
    let mut policy = Policy::default();
    policy.jitter = 0.0;
    Cached::builder(
        grant.clone(),
        Origins::parse("https://api.example").unwrap(),
    )
    .clock(clock.clone())
    .policy(policy)
}

/// A client with the layer; each clone is a handle of its own.
#[derive(Clone)]
pub(super) struct Front(Auth<BoxCloneSyncService<Request<()>, Response<String>, BoxError>>);

impl Front {
    pub(super) fn new(source: &Cached) -> Self {
        let service = tower::service_fn(|request: Request<()>| async move {
            let sent = request.headers()["authorization"].to_str()?.to_owned();
            Ok(Response::new(sent))
        });
        Self(AuthLayer::new(source.clone()).layer(BoxCloneSyncService::new(service)))
    }

    /// Calls the API, and returns the token that the request carried.
    pub(super) async fn call(&mut self) -> Result<String, BoxError> {
        let request = Request::get("https://api.example/things").body(())?;
        let response = self.0.ready().await?.call(request).await?;
        let sent = response.into_body();
        Ok(sent.trim_start_matches("Bearer ").to_owned())
    }

    pub(super) async fn sends(&mut self) -> String {
        self.call().await.unwrap()
    }
}
