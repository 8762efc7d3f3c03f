//! Requests with a token, where something above the layer follows redirects.

use auth_core::{Origins, Secret, Token};
use auth_reqwest::{HttpService, ReplayBody};
use auth_testkit::StaticSource;
use auth_tower::{AuthError, AuthLayer, BoxError, ForeignOrigin, Reason};
use http::{HeaderName, Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;

use super::{DIRECTIONS, SECRETS, START, STATUSES, Servers, To};
use crate::clients::hyper_client;

/// How many redirects tower-http follows.
const LIMIT: usize = 20;

/// The token in its usual header, and in one of the provider's own that no redirect policy knows.
fn tokens() -> [Token; 2] {
    let own = HeaderName::from_static("x-api-key");
    [
        Token::bearer(Secret::new(SECRETS[0])).unwrap(),
        Token::in_header(own, "", Secret::new(SECRETS[3])).unwrap(),
    ]
}

fn layer(token: &Token, base: &str, foreign: ForeignOrigin) -> AuthLayer {
    let origins = Origins::parse(base).unwrap();
    AuthLayer::new(StaticSource::new(token.clone(), origins)).foreign_origins(foreign)
}

/// What is seen of one request: at home, at home with the token, and elsewhere.
fn expected(to: To, foreign: ForeignOrigin) -> (usize, usize, usize) {
    let lets_pass = foreign == ForeignOrigin::SendWithoutToken;
    match (to, lets_pass) {
        (To::Same | To::Relative, _) => (2, 2, 0),
        (To::ForEver, _) => (1 + LIMIT, 1 + LIMIT, 0),
        (To::OddScheme | To::Garbage, _) => (1, 1, 0),
        (_, false) => (1, 1, 0),
        (To::OtherPort | To::OtherHost | To::Disguised, true) => (1, 1, 1),
        // User-info makes another origin of it, and so does another scheme.
        (To::UserInfo | To::OtherScheme, true) => (2, 1, 0),
        // The way back is decided anew, and by the list.
        (To::ThereAndBack, true) => (2, 2, 1),
    }
}

/// Sends one request for each cell through `client` and looks at who saw what.
async fn walk<S, B, R>(servers: &Servers, base: &str, layered: impl Fn(AuthLayer) -> S, skip: &[To])
where
    S: Service<Request<B>, Response = Response<R>, Error = BoxError> + Clone,
    B: http_body::Body + Default,
{
    for foreign in [ForeignOrigin::Refuse, ForeignOrigin::SendWithoutToken] {
        for token in tokens() {
            for status in STATUSES {
                for to in DIRECTIONS.into_iter().filter(|to| !skip.contains(to)) {
                    let client =
                        FollowRedirectLayer::new().layer(layered(layer(&token, base, foreign)));
                    servers.plan(base, status, to);
                    let secret = token.access().expose();
                    let before = servers.seen(secret);
                    let address = format!("{base}{START}");
                    let request = Request::get(address).body(B::default()).unwrap();
                    let outcome = client.oneshot(request).await.map(|answer| answer.status());
                    let cell = (foreign, status, to);
                    let seen = servers.seen(secret).since(before);
                    assert_eq!(seen, expected(to, foreign), "{cell:?}");
                    check(&outcome, seen, &cell);
                    servers.ends_well(&cell);
                }
            }
        }
    }
    assert!(servers.home.ledger().requests() > 0);
}

/// Checks what the caller was told.
fn check(
    outcome: &Result<StatusCode, BoxError>,
    (home, _, other): (usize, usize, usize),
    cell: &(ForeignOrigin, u16, To),
) {
    let (foreign, status, to) = *cell;
    match (to, outcome) {
        (To::ForEver | To::Garbage, Ok(given)) => assert_eq!(given.as_u16(), status, "{cell:?}"),
        (_, Ok(given)) => {
            assert_eq!(*given, 200, "{cell:?}");
            assert!(home + other > 1, "{cell:?}");
        }
        (_, Err(error)) => {
            if foreign == ForeignOrigin::Refuse {
                let error = AuthError::find(&**error).expect("an error of the layer");
                assert_eq!(error.reason(), Reason::ForeignOrigin, "{cell:?}");
            } else {
                assert_eq!(to, To::OddScheme, "{cell:?}");
            }
            let texts = format!("{error} {error:?}");
            assert!(!SECRETS.iter().any(|secret| texts.contains(secret)));
        }
    }
}

#[tokio::test]
async fn hyper_util_below_the_layer() {
    let servers = Servers::start().await;
    let client = hyper_client::<Full<bytes::Bytes>>();
    let base = servers.home.base_url();
    // Its plain connector has no TLS.
    let skip = [To::OtherScheme];
    walk(&servers, &base, |layer| layer.layer(client.clone()), &skip).await;
}

#[tokio::test]
async fn reqwest_below_the_layer() {
    let servers = Servers::start().await;
    let service = reqwest_service(&servers);
    let base = servers.home.base_url();
    let layered = |layer: AuthLayer| layer.replay(ReplayBody).layer(service.clone());
    walk(&servers, &base, layered, &[]).await;
}

#[tokio::test]
async fn reqwest_below_the_layer_and_a_home_that_is_secure() {
    let servers = Servers::start().await;
    let service = reqwest_service(&servers);
    let base = servers.secure.base_url();
    let layered = |layer: AuthLayer| layer.replay(ReplayBody).layer(service.clone());
    // User-info is tried at the plain address, which this home does not list: see the other two.
    walk(&servers, &base, layered, &[To::UserInfo]).await;
}

fn reqwest_service(servers: &Servers) -> HttpService {
    let root = servers.secure.root();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    HttpService::from_builder(builder).unwrap()
}

/// Shows that the servers above would notice: this client follows redirects below the layer.
#[tokio::test]
async fn a_client_that_follows_by_itself_gives_a_token_in_a_header_of_its_own_away() {
    let servers = Servers::start().await;
    let follows = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = servers.home.base_url();
    let [_, own] = tokens();
    let layer = layer(&own, &base, ForeignOrigin::Refuse).replay(ReplayBody);
    let client = layer.layer(HttpService::dangerous_from_client(follows));
    servers.plan(&base, 302, To::OtherPort);
    let request = Request::get(format!("{base}{START}"));
    let request = request.body(reqwest::Body::default()).unwrap();
    client.oneshot(request).await.unwrap();
    let strays = servers.other.ledger().secrets_out_of_place();
    let places: Vec<_> = strays.iter().map(|stray| stray.place()).collect();
    assert_eq!(places, ["header x-api-key"]);
}

/// A token that the caller put there goes the caller's way, and tower-http takes it off.
#[tokio::test]
async fn a_header_of_the_callers_own_is_left_to_the_redirect_policy() {
    let servers = Servers::start().await;
    let base = servers.home.base_url();
    let [token, _] = tokens();
    let layer = layer(&token, &base, ForeignOrigin::SendWithoutToken);
    let client =
        FollowRedirectLayer::new().layer(layer.layer(hyper_client::<Full<bytes::Bytes>>()));
    servers.plan(&base, 302, To::OtherPort);
    let request =
        Request::get(format!("{base}{START}")).header(AUTHORIZATION, "Bearer the-callers-own");
    let request = request.body(Full::default()).unwrap();
    client.oneshot(request).await.unwrap();
    assert_eq!(servers.seen(SECRETS[0]).with, 0);
    let entry = servers.other.ledger().last().unwrap();
    assert_eq!(entry.header("authorization"), None);
    servers.ends_well(&"a header of the caller's own");
}
