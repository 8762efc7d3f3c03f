//! Token requests, which no transport of ours redirects.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{
    Credentials, Error, ErrorKind, Exchange, Grant, Secret, SystemClock, TokenRequest, TokenSet,
    Transport,
};
use auth_oauth2::{
    Basic, ClientCredentials, Dialect, Endpoint, FormBody, QueryInsecure, RefreshToken, TokenClient,
};
use auth_reqwest::ReqwestTransport;
use auth_testkit::Fault;
use auth_tower::TowerTransport;
use http::HeaderName;

use super::{DIRECTIONS, SECRETS, START, STATUSES, Servers};
use crate::clients::hyper_client;

/// Says who the client is in a header of the provider's own.
struct OwnHeader;

#[async_trait]
impl Credentials for OwnHeader {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        let name = HeaderName::from_static("x-api-key");
        request.header(name, &Secret::new(SECRETS[3]))
    }
}

/// Returns one client for each place in which a secret can stand.
fn clients(servers: &Servers, transport: &Arc<dyn Transport>) -> Vec<TokenClient> {
    let address = format!("{}{START}", servers.home.base_url());
    let endpoint = Endpoint::parse(&address).unwrap();
    let secret = |at: usize| Secret::new(SECRETS[at]);
    let credentials: [Arc<dyn Credentials>; 4] = [
        Arc::new(Basic::raw("made-up-id", &secret(0)).unwrap()),
        Arc::new(FormBody::new("made-up-id", secret(1)).unwrap()),
        Arc::new(QueryInsecure::new("made-up-id", secret(2)).unwrap()),
        Arc::new(OwnHeader),
    ];
    let client = |credentials| {
        let transport = Arc::clone(transport);
        TokenClient::new(endpoint.clone(), credentials, transport, Dialect::default())
    };
    credentials.into_iter().map(client).collect()
}

async fn exchange(grant: impl Grant) -> Result<TokenSet, Error> {
    let clock = Arc::new(SystemClock::new());
    grant.exchange(&Exchange::new(clock)).await
}

async fn walk(transport: Arc<dyn Transport>) {
    let servers = Servers::start().await;
    let base = servers.home.base_url();
    for client in clients(&servers, &transport) {
        for status in STATUSES {
            for to in DIRECTIONS {
                // Nothing of this is printed but the cell: the texts are what must not be shown.
                servers.plan(&base, status, to);
                let before = servers.home.requests();
                let refresh = RefreshToken::new(client.clone()).starting_from(SECRETS[1].into());
                let own = ClientCredentials::new(client.clone());
                for outcome in [exchange(own).await, exchange(refresh).await] {
                    let error = outcome.expect_err("a redirect is no token");
                    assert_ne!(error.kind(), ErrorKind::LoginRequired, "{status} {to:?}");
                    assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
                    let texts = format!("{error} {error:?}");
                    let quotes = ["canary", "made-up", START, "user:"];
                    let quoted = quotes.iter().any(|quote| texts.contains(quote));
                    assert!(!quoted, "{status} {to:?}");
                }
                assert_eq!(servers.home.requests(), before + 2, "{status} {to:?}");
                assert_eq!(servers.other.ledger().connections(), 0, "{status} {to:?}");
            }
        }
    }
    let entries = servers.home.ledger().entries();
    assert!(entries.iter().all(|entry| entry.path() == START));
    assert!(
        entries
            .iter()
            .all(|entry| entry.header("referer").is_none())
    );
    servers.ends_well(&"token requests");
}

/// Redirects to a host whose name is the secret that was sent, for the error to quote.
#[tokio::test]
async fn an_error_does_not_name_a_host_that_is_the_secret() {
    let servers = Servers::start().await;
    let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::new().unwrap());
    for client in clients(&servers, &transport) {
        for secret in SECRETS {
            let location = format!("https://{secret}/");
            let echo = Fault::Redirect {
                status: 307,
                location,
            };
            servers.home.server().next_at(START, echo);
            let error = exchange(RefreshToken::new(client.clone()).starting_from(secret.into()));
            let error = error.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}

#[tokio::test]
async fn the_transport_on_reqwest_follows_none() {
    walk(Arc::new(ReqwestTransport::new().unwrap())).await;
}

#[tokio::test]
async fn the_transport_on_hyper_util_follows_none() {
    walk(Arc::new(TowerTransport::new(hyper_client()))).await;
}

/// The caller's own client may be one that follows; the transport takes that away.
#[tokio::test]
async fn a_builder_that_follows_redirects_is_overruled() {
    let follows = reqwest::redirect::Policy::limited(10);
    let builder = reqwest::Client::builder().no_proxy().redirect(follows);
    walk(Arc::new(ReqwestTransport::from_builder(builder).unwrap())).await;
}
