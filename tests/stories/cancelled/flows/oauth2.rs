//! A server by the book: strict rotation, and the family ends when a spent token comes.

use std::sync::Arc;

use auth_core::Transport;
use auth_core::{Cached, CachedBuilder, Clock, Exchange, Grant, Origins, Policy, TokenSource};
use auth_oauth2::{
    AuthorizationCode, AuthorizationCodeGrant, AuthorizationRequest, Basic, ClientCredentials,
    Dialect, Endpoint, RefreshToken, TokenClient,
};
use auth_testkit::OAuth2Emulator;
use auth_tower::TowerTransport;

use crate::cancelled::{
    Work,
    scene::{Issuer, Scene, Stage},
    stepped::SteppedClient,
};

/// The server and a client that it knows.
pub(in crate::cancelled) struct Book {
    pub(in crate::cancelled) emulator: Arc<OAuth2Emulator>,
    pub(in crate::cancelled) stage: Stage,
}

impl Book {
    pub(in crate::cancelled) async fn start() -> Self {
        let stage = Stage::new();
        let emulator = OAuth2Emulator::start(Arc::new(stage.clock.clone())).await;
        let emulator = Arc::new(emulator.unwrap());
        Self { emulator, stage }
    }

    pub(in crate::cancelled) fn client(&self) -> TokenClient {
        self.client_over(self.emulator.way())
    }

    pub(in crate::cancelled) fn client_over(
        &self,
        transport: impl Transport + 'static,
    ) -> TokenClient {
        let endpoint = Endpoint::parse(&self.emulator.token_url()).unwrap();
        let (id, secret) = (self.emulator.client_id(), self.emulator.client_secret());
        let credentials = Basic::encoded(&id, &secret).unwrap();
        TokenClient::new(endpoint, credentials, transport, Dialect::default())
    }

    /// Returns a grant that begins with a login of its own.
    pub(in crate::cancelled) fn grant(&self) -> RefreshToken {
        let login = self.emulator.issue_refresh_token();
        RefreshToken::new(self.client()).starting_from(login)
    }

    pub(in crate::cancelled) fn over(
        &self,
        grant: impl Grant + 'static,
        origins: Origins,
    ) -> CachedBuilder {
        let mut policy = Policy::default();
        policy.jitter = 0.0;
        self.stage
            .over(Cached::builder(grant, origins))
            .policy(policy)
    }

    pub(in crate::cancelled) fn source(&self, grant: impl Grant + 'static) -> Cached {
        let origins = Origins::parse(&self.emulator.base_url()).unwrap();
        self.over(grant, origins).build()
    }

    /// Lets a user approve.
    pub(in crate::cancelled) fn approved(&self) -> AuthorizationCode {
        let page = Endpoint::parse(&self.emulator.authorize_url()).unwrap();
        let (id, back) = (self.emulator.client_id(), self.emulator.redirect_uri());
        let request = AuthorizationRequest::new(page, &id, &back).unwrap();
        let now = self.stage.clock.now();
        let (address, mut pending) = request.start(now).unwrap();
        let callback = self.emulator.approve(&address).unwrap();
        pending.callback(&callback, now).unwrap()
    }

    pub(in crate::cancelled) fn scene(self, source: Cached, work: Work) -> Scene {
        Scene {
            stage: self.stage,
            issuer: self.emulator,
            source,
            work,
        }
    }

    fn token(self, grant: impl Grant + 'static) -> Scene {
        let source = self.source(grant);
        let asked = source.clone();
        self.scene(
            source,
            Box::pin(async move { asked.token().await.map(drop) }),
        )
    }
}

pub(super) async fn client_credentials() -> Scene {
    let book = Book::start().await;
    let grant = ClientCredentials::new(book.client());
    book.token(grant)
}

pub(super) async fn refresh() -> Scene {
    let book = Book::start().await;
    let grant = book.grant();
    book.token(grant)
}

pub(super) async fn over_tower() -> Scene {
    let book = Book::start().await;
    let service = SteppedClient::new(book.emulator.way());
    let clock = Arc::new(book.stage.clock.clone());
    let client = book.client_over(TowerTransport::new(service).clock(clock));
    let login = book.emulator.issue_refresh_token();
    book.token(RefreshToken::new(client).starting_from(login))
}

pub(super) async fn code() -> Scene {
    let book = Book::start().await;
    let source = book.source(RefreshToken::new(book.client()));
    let grant = AuthorizationCodeGrant::new(book.client(), book.approved());
    let own = source.clone();
    let login = async move |ctx: Exchange| Ok((grant.exchange(&ctx).await?, ()));
    book.scene(source, Box::pin(async move { own.login_from(login).await }))
}
