//! A token endpoint, a clock that both sides read, and clients whose events are kept.

use std::{error::Error as _, future::Future, sync::Arc, time::Duration};

use auth_core::{
    Cached, CachedBuilder, Clock, Error, Event, Grant, Lifetime, MemoryStore, Origins, Policy,
    Secret, StoreKey, Token, TokenSet, TokenSource, TokenStore, Transport, store::save_login,
};
use auth_oauth2::{Basic, ClientCredentials, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_reqwest::ReqwestTransport;
use auth_testkit::{Fault, ManualClock, OAuth2Emulator, Server};
use auth_tower::TowerTransport;
use hyper_util::{
    client::legacy::{Client as HyperClient, Error as HyperError},
    rt::TokioExecutor,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

pub(super) const TOKEN: &str = "/token";
/// How long a token of the emulator lives.
pub(super) const TTL: Duration = Duration::from_secs(300);
/// From here to its end, a token is renewed beside its use.
pub(super) const ADVISORY: Duration = Duration::from_secs(250);
/// Longer than any test: no time limit of a transport plays a part here, only those of the engine do.
const NEVER: Duration = Duration::from_secs(86_400);

/// The HTTP client below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Over {
    Reqwest,
    HyperUtil,
}

pub(super) const BOTH: [Over; 2] = [Over::Reqwest, Over::HyperUtil];

impl Over {
    fn transport(self, clock: &ManualClock) -> Arc<dyn Transport> {
        match self {
            Self::Reqwest => Arc::new(ReqwestTransport::builder().timeout(NEVER).build().unwrap()),
            Self::HyperUtil => {
                let client = HyperClient::builder(TokioExecutor::new())
                    .retry_canceled_requests(false)
                    .build_http();
                let transport = TowerTransport::new(client)
                    .timeout(NEVER)
                    .clock(Arc::new(clock.clone()))
                    .unsent_if(HyperError::is_connect);
                Arc::new(transport)
            }
        }
    }
}

pub(super) struct Scene {
    pub(super) emulator: OAuth2Emulator,
    pub(super) clock: ManualClock,
    pub(super) store: MemoryStore,
}

impl Scene {
    pub(super) async fn start() -> Self {
        let clock = ManualClock::new();
        let emulator = OAuth2Emulator::start(Arc::new(clock.clone())).await;
        Self {
            emulator: emulator.unwrap(),
            clock,
            store: MemoryStore::new(),
        }
    }

    pub(super) fn server(&self) -> &Server {
        self.emulator.server()
    }

    pub(super) fn requests(&self) -> usize {
        self.emulator.ledger().requests()
    }

    /// A client that asks by its own credentials.
    pub(super) fn machine(&self, over: Over) -> Client {
        let grant = ClientCredentials::new(self.tokens(over));
        Client::new(self.builder(grant))
    }

    /// A client whose stored login is renewed by a refresh token that each use spends.
    pub(super) async fn login(&self, over: Over) -> Client {
        let login = TokenSet::login(self.emulator.issue_refresh_token());
        save_login(&self.store, &key(), &login).await.unwrap();
        let grant = RefreshToken::new(self.tokens(over));
        Client::new(self.builder(grant).store(self.store.clone(), key()))
    }

    pub(super) fn tokens(&self, over: Over) -> TokenClient {
        let url = self.emulator.token_url();
        self.tokens_by(&url, over.transport(&self.clock), Dialect::default())
    }

    pub(super) fn tokens_at(&self, url: &str, over: Over) -> TokenClient {
        self.tokens_by(url, over.transport(&self.clock), Dialect::default())
    }

    pub(super) fn tokens_by(
        &self,
        url: &str,
        transport: Arc<dyn Transport>,
        dialect: Dialect,
    ) -> TokenClient {
        let (id, secret) = (self.emulator.client_id(), self.emulator.client_secret());
        let credentials = Basic::encoded(&id, &secret).unwrap();
        let endpoint = Endpoint::dangerous_plain_http(url).unwrap();
        TokenClient::new(endpoint, credentials, transport, dialect)
    }

    /// Windows without jitter, so that the stories can name the second.
    pub(super) fn builder(&self, grant: impl Grant + 'static) -> CachedBuilder {
        let mut policy = Policy::default();
        policy.jitter = 0.0;
        Cached::builder(grant, Origins::parse("https://api.example").unwrap())
            .clock(self.clock.clone())
            .policy(policy)
    }

    /// A token that was obtained before the story begins.
    pub(super) fn held(&self) -> TokenSet {
        let token = Token::bearer(Secret::new("made-up-held")).unwrap();
        TokenSet::new(token.with_lifetime(Lifetime::new(self.clock.now(), TTL)))
    }

    pub(super) async fn stored(&self) -> Option<(String, u64)> {
        let record = self.store.load(&key()).await.unwrap()?;
        let refresh = record.set.refresh()?.expose().to_owned();
        Some((refresh, record.version))
    }

    /// Checks that no secret, no text of an answer and no address is shown.
    pub(super) fn is_discreet(&self, error: &Error) {
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut next = error.source();
        while let Some(cause) = next {
            text.push_str(&format!(" {cause} {cause:?}"));
            next = cause.source();
        }
        let emulator = &self.emulator;
        let secrets = [emulator.client_secret(), emulator.user().1];
        for secret in secrets
            .iter()
            .chain(&emulator.refresh_tokens())
            .chain(&emulator.access_tokens())
        {
            assert!(!text.contains(secret.expose()), "a secret is shown");
        }
        for word in ["planted", "made-up-held", "grant_type", "Basic "] {
            assert!(!text.contains(word), "{word} is shown: {text}");
        }
    }
}

/// Waits for what is about to happen. Where it does not, the story fails instead of standing still.
pub(super) async fn soon<F: Future>(event: F) -> F::Output {
    let outcome = timeout(Duration::from_secs(60), event).await;
    outcome.expect("it does not happen")
}

pub(super) fn key() -> StoreKey {
    StoreKey::new(["faults", "account"])
}

pub(super) struct Client {
    pub(super) source: Cached,
    events: UnboundedReceiver<Event>,
}

impl Client {
    pub(super) fn new(builder: CachedBuilder) -> Self {
        let (tell, events) = unbounded_channel();
        let builder =
            builder.observer(move |_: &str, event: &Event| drop(tell.send(event.clone())));
        Self {
            source: builder.build(),
            events,
        }
    }

    pub(super) async fn token(&self) -> String {
        let token = soon(self.source.token()).await.unwrap();
        token.access().expose().to_owned()
    }

    pub(super) async fn error(&self) -> Error {
        let token = soon(self.source.token()).await;
        token.expect_err("no token could be had")
    }

    /// Waits for the next exchange that fails.
    pub(super) async fn failed(&mut self) -> Error {
        loop {
            match soon(self.events.recv()).await.unwrap() {
                Event::Failed { error, .. } | Event::LoginRequired { error, .. } => return error,
                _ => {}
            }
        }
    }

    /// Waits for the next exchange that succeeds, and returns the events before it.
    pub(super) async fn issued(&mut self) -> Vec<Event> {
        let mut before = Vec::new();
        loop {
            match soon(self.events.recv()).await.unwrap() {
                Event::Issued { .. } => return before,
                other => before.push(other),
            }
        }
    }

    pub(super) fn pause(&self) -> Duration {
        self.source.status().next_attempt.expect("there is a pause")
    }
}

/// Lets every token request meet `fault` while a good token is held, and sees that token served until its end, one
/// request for each pause, and a recovery. Each error is given to `check`.
pub(super) async fn endure(over: Over, fault: Fault, check: impl Fn(&Error)) {
    let name = format!("{over:?} {fault:?}");
    let scene = Scene::start().await;
    let mut client = scene.machine(over);
    let first = client.token().await;
    client.issued().await;
    scene.clock.advance(ADVISORY);
    scene.server().always_at(TOKEN, fault);
    assert_eq!(client.token().await, first, "{name}");
    let error = client.failed().await;
    check(&error);
    scene.is_discreet(&error);
    for _ in 0..3 {
        assert_eq!(client.token().await, first, "{name}");
    }
    assert_eq!(scene.requests(), 2, "{name}: none within the pause");

    let left = TTL - ADVISORY;
    let asked = 2 + usize::from(client.pause() <= left);
    scene.clock.advance(left);
    for _ in 0..3 {
        let error = client.error().await;
        check(&error);
        scene.is_discreet(&error);
        assert_eq!(scene.requests(), asked, "{name}: the failure is shared");
    }

    scene.server().clear();
    scene.clock.advance(client.pause());
    let next = client.token().await;
    assert!(scene.emulator.accepts(&next), "{name}");
    assert_eq!(scene.requests(), asked + 1, "{name}");
}
