//! Which token a request gets, over sockets: tenants, overrides and requests without one.

use std::{num::NonZeroUsize, sync::Arc};

use auth_core::{Cached, Error, ErrorKind, Origins, Tenants, TokenSource};
use auth_oauth2::{Basic, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_testkit::{ManualClock, OAuth2Emulator, Resource};
use auth_tower::{
    Auth, AuthError, AuthLayer, BoxError, ForeignOrigin, NoAuth, Reason, TowerTransport, route,
};
use bytes::Bytes;
use http::{Extensions, Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};

use crate::clients::hyper_client;

const TENANTS: u32 = 10;
const REQUESTS: u32 = 100;

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tenant(u32);

type Api = Auth<Client<HttpConnector, Full<Bytes>>>;

struct Story {
    issuer: Arc<OAuth2Emulator>,
    resource: Resource,
    tenants: Tenants<Tenant>,
}

impl Story {
    async fn start() -> Self {
        let clock = ManualClock::new();
        let issuer = OAuth2Emulator::start(Arc::new(clock.clone())).await;
        let issuer = Arc::new(issuer.unwrap());
        let resource = Resource::start(Arc::new(clock.clone()), issuer.acceptor()).await;
        let resource = resource.unwrap();
        resource.ledger().issuer(issuer.ledger());
        let origins = Origins::parse(&resource.base_url()).unwrap();
        let make = {
            let issuer = Arc::clone(&issuer);
            move |_: &Tenant| Ok(login(&issuer, &clock, origins.clone()))
        };
        Self {
            issuer,
            resource,
            tenants: Tenants::new(NonZeroUsize::new(100).unwrap(), make),
        }
    }

    fn api(&self) -> Api {
        AuthLayer::routed(self.tenants.clone()).layer(hyper_client())
    }

    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.resource.base_url())
    }

    /// Returns the access token of a tenant, which must be there already.
    async fn access(&self, tenant: Tenant) -> String {
        let token = self.tenants.get(&tenant).unwrap().token().await.unwrap();
        token.access().expose().to_owned()
    }

    fn ends_well(&self) {
        for ledger in [self.issuer.ledger(), self.resource.ledger()] {
            assert_eq!(ledger.deviations(), []);
            assert_eq!(ledger.secrets_out_of_place(), []);
        }
        assert_eq!(self.issuer.reuses(), 0);
    }
}

/// Returns a source with a login of its own.
fn login(issuer: &OAuth2Emulator, clock: &ManualClock, origins: Origins) -> Cached {
    let endpoint = Endpoint::parse(&issuer.token_url()).unwrap();
    let credentials = Basic::encoded(&issuer.client_id(), &issuer.client_secret()).unwrap();
    let transport = TowerTransport::new(hyper_client());
    let client = TokenClient::new(endpoint, credentials, transport, Dialect::default());
    let grant = RefreshToken::new(client).starting_from(issuer.issue_refresh_token());
    Cached::builder(grant, origins).clock(clock.clone()).build()
}

fn ask<F: FnOnce(&mut Extensions)>(
    api: &Api,
    address: &str,
    extend: F,
) -> impl Future<Output = Result<StatusCode, BoxError>> + use<F> {
    let mut request = Request::get(address).body(Full::default()).unwrap();
    extend(request.extensions_mut());
    let sent = api.clone().oneshot(request);
    async move { Ok(sent.await?.status()) }
}

async fn ask_for(api: &Api, address: &str, tenant: Tenant) -> StatusCode {
    let answer = ask(api, address, |extensions| {
        extensions.insert(tenant);
    });
    answer.await.unwrap()
}

/// Sends a hundred requests at once, by turns for each tenant, to a path that names the tenant.
async fn everybody(story: &Story, api: &Api) {
    let mut callers = JoinSet::new();
    for number in 0..REQUESTS {
        let tenant = Tenant(number % TENANTS);
        let (api, address) = (api.clone(), story.address(&format!("for/{}", tenant.0)));
        callers.spawn(async move { ask_for(&api, &address, tenant).await });
    }
    for status in callers.join_all().await {
        assert_eq!(status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tenant_gets_its_own_token_and_one_token_request() {
    let story = Story::start().await;
    let api = story.api();
    for round in 1..=3 {
        let before = story.resource.ledger().entries().len();
        everybody(&story, &api).await;
        // In the later rounds every token was dead, and each tenant replaced its own once.
        assert_eq!(story.issuer.ledger().requests(), round * TENANTS as usize);
        let entries = story.resource.ledger().entries();
        for number in 0..TENANTS {
            let own = format!("Bearer {}", story.access(Tenant(number)).await);
            let path = format!("/for/{number}");
            let good = entries[before..].iter().filter(|e| e.status() == Some(200));
            let mine: Vec<_> = good.filter(|entry| entry.path() == path).collect();
            assert_eq!(mine.len(), (REQUESTS / TENANTS) as usize);
            let carry = |token: &str| {
                mine.iter()
                    .all(|e| e.header("authorization") == Some(token))
            };
            assert!(carry(&own), "tenant {number} was sent as somebody else");
        }
        story.issuer.expire_all_access_tokens();
    }
    assert_eq!(story.tenants.len(), TENANTS as usize);
    story.ends_well();
}

#[tokio::test]
async fn the_login_of_one_tenant_ends_for_nobody_else() {
    let story = Story::start().await;
    let api = story.api();
    assert_eq!(ask_for(&api, &story.address("a"), Tenant(1)).await, 200);
    story.issuer.revoke_refresh_tokens();
    story
        .issuer
        .revoke_access_token(&story.access(Tenant(1)).await);
    // This tenant logs in afterwards.
    assert_eq!(ask_for(&api, &story.address("b"), Tenant(2)).await, 200);
    let answer = ask(&api, &story.address("a"), |extensions| {
        extensions.insert(Tenant(1));
    });
    let error = answer.await.unwrap_err();
    let error = AuthError::find(&*error).expect("an error of the layer");
    let told = (error.reason(), error.kind());
    assert_eq!(told, (Reason::NextToken, ErrorKind::LoginRequired));
    assert_eq!(ask_for(&api, &story.address("b"), Tenant(2)).await, 200);
    story.ends_well();
}

#[tokio::test]
async fn a_request_for_nobody_is_not_sent() {
    let story = Story::start().await;
    let error = ask(&story.api(), &story.address("a"), |_| {}).await;
    let error = error.unwrap_err();
    let error = AuthError::find(&*error).expect("an error of the layer");
    let told = (error.reason(), error.kind());
    assert_eq!(told, (Reason::Route, ErrorKind::Configuration));
    assert!(error.cause().to_string().contains("Tenant"), "{error:?}");
    assert_eq!(story.resource.ledger().connections(), 0);
    assert_eq!(story.issuer.ledger().requests(), 0);
    story.ends_well();
}

#[tokio::test]
async fn no_auth_sends_the_request_as_it_is() {
    let story = Story::start().await;
    let api = story.api();
    let status = ask(&api, &story.address("a"), |extensions| {
        extensions.insert(Tenant(1));
        extensions.insert(NoAuth);
    });
    assert_eq!(status.await.unwrap(), 401);
    let entry = story.resource.ledger().last().unwrap();
    assert_eq!(entry.header("authorization"), None);
    // Neither was a token obtained, nor did the refusal count against anybody.
    assert_eq!(story.resource.requests(), 1);
    assert_eq!(story.issuer.ledger().requests(), 0);
    story.ends_well();
}

#[tokio::test]
async fn a_source_on_the_request_comes_before_the_route() {
    let story = Story::start().await;
    let api = story.api();
    let origins = Origins::parse(&story.resource.base_url()).unwrap();
    let own = login(&story.issuer, &ManualClock::new(), origins);
    for has_tenant in [true, false] {
        let source: Arc<dyn TokenSource> = own.clone().into();
        let status = ask(&api, &story.address("a"), |extensions| {
            extensions.insert(source);
            if has_tenant {
                extensions.insert(Tenant(1));
            }
        });
        assert_eq!(status.await.unwrap(), 200);
        let token = own.token().await.unwrap();
        let sent = format!("Bearer {}", token.access().expose());
        let entry = story.resource.ledger().last().unwrap();
        assert!(entry.header("authorization") == Some(&sent));
    }
    assert!(story.tenants.is_empty(), "nobody asked the route");
    assert_eq!(story.issuer.ledger().requests(), 1);
    story.ends_well();
}

#[tokio::test]
async fn a_route_does_not_widen_where_a_token_may_go() {
    let story = Story::start().await;
    let other = Story::start().await;
    let error = ask(&story.api(), &other.address("a"), |extensions| {
        extensions.insert(Tenant(1));
    });
    let error = error.await.unwrap_err();
    let error = AuthError::find(&*error).expect("an error of the layer");
    assert_eq!(error.reason(), Reason::ForeignOrigin);
    assert_eq!(other.resource.ledger().connections(), 0);

    let sources: Vec<Arc<dyn TokenSource>> = vec![
        story.tenants.get(&Tenant(1)).unwrap().into(),
        other.tenants.get(&Tenant(1)).unwrap().into(),
    ];
    let layer = AuthLayer::routed(route::by_origin(sources));
    let layer = layer.foreign_origins(ForeignOrigin::SendWithoutToken);
    let api = layer.layer(hyper_client());
    for story in [&story, &other] {
        assert_eq!(ask(&api, &story.address("a"), |_| {}).await.unwrap(), 200);
        story.ends_well();
    }
    let third = Story::start().await;
    third.resource.ledger().foreign(story.issuer.ledger());
    let status = ask(&api, &third.address("a"), |_| {}).await;
    assert_eq!(status.unwrap(), 401);
    third.ends_well();
}

#[tokio::test]
async fn a_table_that_cannot_make_a_source_says_so() {
    let story = Story::start().await;
    let tenants = Tenants::new(NonZeroUsize::MIN, |tenant: &Tenant| {
        let message = format!("tenant {} is not known", tenant.0);
        Err(Error::new(ErrorKind::Configuration, message))
    });
    let api = AuthLayer::routed(tenants).layer(hyper_client());
    let answer = ask(&api, &story.address("a"), |extensions| {
        extensions.insert(Tenant(7));
    });
    let error = answer.await.unwrap_err();
    let error = AuthError::find(&*error).expect("an error of the layer");
    assert_eq!(error.reason(), Reason::Route);
    assert_eq!(error.cause().to_string(), "tenant 7 is not known");
    assert_eq!(story.resource.requests(), 0);
}
