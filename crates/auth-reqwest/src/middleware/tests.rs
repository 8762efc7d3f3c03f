use std::sync::{Arc, atomic::Ordering};

use auth_core::ErrorKind;
use auth_tower::{AuthError, NoAuth, Reason};
use http_body_util::Full;
use reqwest::Body;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use super::*;
use crate::{
    client_without_redirects,
    source::Counting,
    wire::{Reply, Server, words},
};

struct Setup {
    server: Server,
    source: Arc<Counting>,
    client: ClientWithMiddleware,
}

async fn setup(tokens: usize, statuses: impl IntoIterator<Item = u16>) -> Setup {
    let replies = statuses.into_iter().map(|s| Reply::whole(s, "", "body"));
    let server = Server::start(replies).await;
    let source = Arc::new(Counting::to(tokens, &server.url("/")));
    let shared: Arc<dyn TokenSource> = Arc::<Counting>::clone(&source);
    let client = client_without_redirects(reqwest::Client::builder().no_proxy()).unwrap();
    let client = ClientBuilder::new(client)
        .with(AuthMiddleware::new(shared))
        .with(Seen)
        .build();
    Setup {
        server,
        source,
        client,
    }
}

impl Setup {
    fn rejected(&self) -> usize {
        self.source.refused.load(Ordering::Relaxed)
    }
}

/// Counts, in the extensions, how often it was passed.
struct Seen;

#[derive(Clone, Debug, PartialEq)]
struct Times(u32);

#[async_trait]
impl Middleware for Seen {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let times = extensions.get::<Times>().map_or(0, |times| times.0);
        extensions.insert(Times(times + 1));
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn a_token_is_added_and_nothing_else_changes() {
    let mut setup = setup(1, [200]).await;
    let url = setup.server.url("/things?a=b%20c");
    let request = setup.client.post(&url).header("x-own", "1").body("made up");
    let response = request.send().await.unwrap();
    assert_eq!(response.url().as_str(), url);
    assert_eq!(response.text().await.unwrap(), "body");
    let host = setup.server.address;
    assert_eq!(
        setup.server.request().await,
        format!(
            "POST /things?a=b%20c HTTP/1.1\r\nx-own: 1\r\nx-token: made-up-1\r\naccept: */*\r\nhost: {host}\r\n\
             content-length: 7\r\n\r\nmade up"
        ),
    );
}

#[tokio::test]
async fn a_refused_request_is_sent_once_more_with_the_next_token() {
    for (second, rejected) in [(200, 1), (401, 2)] {
        let mut setup = setup(3, [401, second]).await;
        let mut extensions = Extensions::new();
        extensions.insert(Times(5));
        let request = setup
            .client
            .put(setup.server.url("/"))
            .body("made up")
            .build()
            .unwrap();
        let response = setup
            .client
            .execute_with_extensions(request, &mut extensions)
            .await;
        assert_eq!(response.unwrap().status(), second);
        assert_eq!(setup.rejected(), rejected);
        assert_eq!(extensions.get(), Some(&Times(7)));
        for token in ["made-up-1", "made-up-2"] {
            let request = setup.server.request().await;
            assert!(
                request.contains(&format!("\r\nx-token: {token}\r\n")),
                "{request}"
            );
            assert!(request.ends_with("\r\n\r\nmade up"), "{request}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_sent_once_and_its_token_rejected() {
    let mut setup = setup(2, [401, 200]).await;
    let body = Body::wrap(Full::new(bytes::Bytes::from("made up")));
    let request = setup.client.post(setup.server.url("/")).body(body);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(setup.rejected(), 1);
    assert!(setup.server.request().await.ends_with("made up"));
    assert!(setup.server.saw_no_more());
}

#[tokio::test]
async fn a_token_of_the_callers_own_is_left_alone() {
    let mut setup = setup(1, [401]).await;
    let request = setup
        .client
        .get(setup.server.url("/"))
        .header("x-token", "own");
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(setup.rejected(), 0);
    let request = setup.server.request().await;
    assert!(
        request.contains("x-token: own") && !request.contains("made-up"),
        "{request}"
    );
}

#[tokio::test]
async fn the_extensions_of_the_request_reach_the_layer() {
    let mut setup = setup(1, [200]).await;
    let request = setup
        .client
        .get(setup.server.url("/"))
        .with_extension(NoAuth);
    request.send().await.unwrap();
    assert!(!setup.server.request().await.contains("x-token"));
}

fn auth_error(error: &Error) -> &AuthError {
    let Error::Middleware(error) = error else {
        panic!("not an error of a middleware: {error:?}")
    };
    error.downcast_ref().unwrap()
}

#[tokio::test]
async fn no_token_goes_to_a_stranger() {
    let setup = setup(1, []).await;
    let mut stranger = Server::start([Reply::whole(200, "", "")]).await;
    let error = setup
        .client
        .get(stranger.url("/"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(auth_error(&error).reason(), Reason::ForeignOrigin);
    assert!(stranger.saw_no_more());
}

#[tokio::test]
async fn a_missing_token_is_a_typed_error() {
    let mut setup = setup(0, [200]).await;
    let error = setup
        .client
        .get(setup.server.url("/"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(auth_error(&error).reason(), Reason::Token);
    assert_eq!(auth_error(&error).kind(), ErrorKind::LoginRequired);
    assert!(setup.server.saw_no_more());
}

#[tokio::test]
async fn no_error_names_the_address_or_the_token() {
    let setup = setup(1, []).await;
    let server = Server::start([Reply::Reset(String::new())]).await;
    let source = Counting::to(1, &server.url("/"));
    let client = client_without_redirects(reqwest::Client::builder().no_proxy()).unwrap();
    let client = ClientBuilder::new(client)
        .with(AuthMiddleware::new(source))
        .build();
    let key = "?key=made-up-secret";
    for error in [
        client.get(server.url(key)).send().await.unwrap_err(),
        client.get(setup.server.url(key)).send().await.unwrap_err(),
    ] {
        assert!(!words(&error).contains("made-up"), "{error:?}");
    }
}

#[test]
fn what_is_public_is_shareable() {
    fn shareable<T: Send + Sync + Clone + fmt::Debug + 'static>(_: &T) {}
    shareable(&AuthMiddleware::new(Counting::to(1, "https://api.example")));
}

#[tokio::test]
async fn a_source_of_the_request_comes_before_that_of_the_middleware() {
    let mut setup = setup(1, [200]).await;
    let own = Arc::new(Counting::to(2, &setup.server.url("/")));
    own.reject(&own.token().await.unwrap());
    let own: Arc<dyn TokenSource> = own;
    let request = setup.client.get(setup.server.url("/")).with_extension(own);
    request.send().await.unwrap();
    assert!(setup.server.request().await.contains("x-token: made-up-2"));
}

#[tokio::test]
async fn the_extensions_are_given_back_whatever_comes_of_the_request() {
    let setup = setup(0, []).await;
    for address in [setup.server.url("/"), "http://127.0.0.1:9/".into()] {
        let mut extensions = Extensions::new();
        extensions.insert(Times(5));
        let request = setup.client.get(address).build().unwrap();
        let sent = setup
            .client
            .execute_with_extensions(request, &mut extensions);
        assert!(sent.await.is_err());
        assert_eq!(extensions.get(), Some(&Times(5)));
    }
}

#[tokio::test]
async fn a_route_sees_the_whole_address_and_every_extension() {
    let mut server = Server::start([Reply::whole(200, "", "")]).await;
    let source: Arc<dyn TokenSource> = Arc::new(Counting::to(1, &server.url("/")));
    let layer = AuthLayer::routed(auth_tower::route::by(
        move |request: &auth_tower::RequestHead<'_>| {
            assert_eq!(request.uri().path(), "/things");
            assert_eq!(request.uri().query(), Some("a=b"));
            assert_eq!(request.extensions().get(), Some(&Times(5)));
            assert_eq!(request.method(), http::Method::PUT);
            assert_eq!(request.headers()["x-own"], "1");
            Ok(Arc::clone(&source))
        },
    ));
    let client = client_without_redirects(reqwest::Client::builder().no_proxy()).unwrap();
    let client = ClientBuilder::new(client)
        .with(AuthMiddleware::from_layer(layer))
        .build();
    let request = client.put(server.url("/things?a=b")).header("x-own", "1");
    let response = request.with_extension(Times(5)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(server.request().await.contains("x-token: made-up-1"));
}

#[tokio::test]
async fn a_refusal_without_another_token_is_handed_on_whole() {
    struct Stubborn(Counting);

    #[async_trait]
    impl TokenSource for Stubborn {
        async fn token(&self) -> std::result::Result<auth_core::Token, auth_core::Error> {
            self.0.token().await
        }

        fn origins(&self) -> &auth_core::Origins {
            self.0.origins()
        }
    }

    let server = Server::start([Reply::whole(401, "x-why: made up\r\n", "body")]).await;
    let source = Stubborn(Counting::to(1, &server.url("/")));
    let client = client_without_redirects(reqwest::Client::builder().no_proxy()).unwrap();
    let client = ClientBuilder::new(client)
        .with(AuthMiddleware::new(source))
        .build();
    let response = client.get(server.url("/")).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-why"], "made up");
    assert_eq!(response.text().await.unwrap(), "body");
}
