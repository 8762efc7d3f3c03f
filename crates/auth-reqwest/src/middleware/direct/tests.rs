//! The shortcut around the layer must lead where the layer leads.

use std::{
    sync::{Mutex, atomic::Ordering},
    time::Duration,
};

use auth_tower::AuthLayer;
use http::{Method, Version};
use http_body_util::Full;
use reqwest::Body;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};

use super::*;
use crate::{AuthMiddleware, source::Counting};

type Answers = &'static [(u16, &'static str, &'static str)];

/// Stands for the rest of the chain: notes what comes and gives these answers.
struct Api {
    answers: Answers,
    seen: Arc<Mutex<Vec<String>>>,
    meanwhile: Box<dyn Fn(&mut Extensions) + Send + Sync>,
}

#[async_trait]
impl Middleware for Api {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        (self.meanwhile)(extensions);
        let mut seen = self.seen.lock().unwrap();
        let (status, name, value) = self.answers[seen.len()];
        let headers = request.headers().iter();
        let headers: Vec<_> = headers.map(|(n, v)| (n, v.to_str().unwrap())).collect();
        let bytes = request.body().and_then(Body::as_bytes);
        seen.push(format!(
            "{} {} {:?} {:?} {headers:?} {bytes:?}",
            request.method(),
            request.url(),
            request.version(),
            request.timeout(),
        ));
        let response = http::Response::builder().status(status).header(name, value);
        Ok(response.extension(7_u8).body("answer").unwrap().into())
    }
}

fn client(auth: AuthMiddleware, api: Api) -> ClientWithMiddleware {
    let client = crate::client_without_redirects(reqwest::Client::builder().no_proxy());
    let client = ClientBuilder::new(client.unwrap());
    client.with(auth).with(api).build()
}

fn request(address: &str) -> Request {
    Request::new(Method::GET, Url::parse(address).unwrap())
}

/// A request with all that a request of reqwest can have.
fn full() -> Request {
    let mut request = request("https://API.example:443/v1/things?page=2#end");
    *request.method_mut() = Method::PUT;
    *request.version_mut() = Version::HTTP_2;
    *request.timeout_mut() = Some(Duration::from_secs(7));
    *request.body_mut() = Some(Body::from("made up"));
    for value in ["1", "2"] {
        let headers = request.headers_mut();
        headers.append("x-own", value.parse().unwrap());
        headers.append("x-other", value.parse().unwrap());
    }
    request
}

fn stream() -> Request {
    let mut request = full();
    *request.body_mut() = Some(Body::wrap(Full::new(bytes::Bytes::from("made up"))));
    request
}

fn authenticated() -> Request {
    let mut request = full();
    let headers = request.headers_mut();
    headers.insert("x-token", "own".parse().unwrap());
    request
}

fn anonymous() -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(NoAuth);
    extensions
}

/// A source of the request's own, for a server that the middleware's is not for.
fn other_source() -> Extensions {
    source_of_its_own("https://other.example")
}

fn plain_source() -> Extensions {
    source_of_its_own("http://plain.example")
}

fn source_of_its_own(address: &str) -> Extensions {
    let source: Arc<dyn TokenSource> = Arc::new(Counting::to(2, address));
    let mut extensions = Extensions::new();
    extensions.insert(source);
    extensions
}

const FINE: Answers = &[(200, "x-why", "made up")];
const REFUSED: Answers = &[(401, "x-why", "made up"), (200, "x-why", "fine")];
const REFUSED_TWICE: Answers = &[(401, "x-why", "one"), (401, "x-why", "two")];
const FORBIDDEN: Answers = &[(403, "x-why", "made up")];
const NO_SCOPE: Answers = &[(
    401,
    "www-authenticate",
    r#"Bearer error="insufficient_scope""#,
)];
const GRPC_REFUSED: Answers = &[(200, "grpc-status", "16"), (200, "grpc-status", "0")];
const NOTHING: Answers = &[];

/// The last two say how often the request comes through, and how many tokens are refused.
type Case = (fn() -> Request, fn() -> Extensions, Answers, usize, usize);

#[tokio::test]
async fn the_shortcut_leads_where_the_layer_leads() {
    let here = || request("https://api.example/");
    let other = || request("https://other.example/");
    let with_password = || request("https://me:made-up@api.example/");
    let plain = || request("http://api.example/");
    let in_the_open = || request("http://plain.example/");
    let unreadable = || request("data:made-up,%20/");
    let none = Extensions::new;
    let table: [Case; 18] = [
        (here, none, FINE, 1, 0),
        (full, none, REFUSED, 2, 1),
        (full, none, REFUSED_TWICE, 2, 2),
        (full, none, FORBIDDEN, 1, 0),
        (full, none, NO_SCOPE, 1, 0),
        (full, none, GRPC_REFUSED, 2, 1),
        (stream, none, FINE, 1, 0),
        (stream, none, REFUSED, 1, 1),
        (authenticated, none, REFUSED, 1, 0),
        (full, anonymous, REFUSED, 1, 0),
        (other, anonymous, FINE, 1, 0),
        (other, none, NOTHING, 0, 0),
        (other, other_source, REFUSED, 2, 0),
        (here, other_source, NOTHING, 0, 0),
        (with_password, none, NOTHING, 0, 0),
        (plain, none, NOTHING, 0, 0),
        (in_the_open, plain_source, NOTHING, 0, 0),
        (unreadable, none, NOTHING, 0, 0),
    ];
    for (case, (request, extensions, answers, times, refused)) in table.into_iter().enumerate() {
        for kind in [Counting::to, Counting::slow] {
            let mut outcomes = Vec::new();
            for shortcut in [true, false] {
                let source = Arc::new(kind(3, "https://api.example"));
                let shared: Arc<dyn TokenSource> = Arc::<Counting>::clone(&source);
                let auth = if shortcut {
                    AuthMiddleware::new(shared)
                } else {
                    AuthMiddleware::from_layer(AuthLayer::new(shared))
                };
                let seen = Arc::default();
                let api = Api {
                    answers,
                    seen: Arc::clone(&seen),
                    meanwhile: Box::new(|_| ()),
                };
                let (client, mut extensions) = (client(auth, api), extensions());
                let sent = client.execute_with_extensions(request(), &mut extensions);
                let outcome = match sent.await {
                    Ok(response) => {
                        let extension = response.extensions().get::<u8>().copied();
                        format!("{response:?} {extension:?}") + &response.text().await.unwrap()
                    }
                    Err(error) => crate::wire::words(&error),
                };
                let seen = seen.lock().unwrap().clone();
                assert_eq!(seen.len(), times, "case {case}");
                assert_eq!(
                    source.refused.load(Ordering::Relaxed),
                    refused,
                    "case {case}"
                );
                outcomes.push((seen, outcome));
            }
            assert_eq!(outcomes[0], outcomes[1], "case {case}");
        }
    }
}

#[tokio::test]
async fn a_second_sending_differs_in_the_token_alone() {
    let seen = Arc::default();
    let api = Api {
        answers: REFUSED,
        seen: Arc::clone(&seen),
        meanwhile: Box::new(|_| ()),
    };
    let source = Counting::to(2, "https://api.example");
    let client = client(AuthMiddleware::new(source), api);
    client.execute(full()).await.unwrap();
    let seen = seen.lock().unwrap();
    for part in ["PUT", "?page=2#end", "HTTP/2", "Some(7s)", "made-up-1"] {
        assert!(seen[0].contains(part), "{seen:?}");
    }
    assert_eq!(seen[0].replace("made-up-1", "made-up-2"), seen[1]);
}

#[tokio::test]
async fn what_is_refused_is_the_token_that_was_sent() {
    let source = Arc::new(Counting::to(3, "https://api.example"));
    let shared: Arc<dyn TokenSource> = Arc::<Counting>::clone(&source);
    let first = source.token().await.unwrap();
    let seen = Arc::default();
    let current = Arc::clone(&source);
    let api = Api {
        answers: REFUSED,
        seen: Arc::clone(&seen),
        // While the request is under way, somebody else gets the token renewed and says what concerns only itself.
        meanwhile: Box::new(move |extensions| {
            current.reject(&first);
            extensions.insert(NoAuth);
        }),
    };
    let client = client(AuthMiddleware::new(shared), api);
    let response = client.execute(full()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(source.token().await.unwrap().access().expose(), "made-up-2");
    let seen = seen.lock().unwrap();
    assert!(seen[0].contains("made-up-1") && seen[1].contains("made-up-2"));
}

/// Tells its clones.
struct Precious(Arc<Mutex<u32>>);

impl Clone for Precious {
    fn clone(&self) -> Self {
        *self.0.lock().unwrap() += 1;
        Self(Arc::clone(&self.0))
    }
}

/// Whose token is at hand but soon over.
struct Ending(Counting, Arc<Mutex<u32>>);

#[async_trait]
impl TokenSource for Ending {
    async fn token(&self) -> Result<Token, Error> {
        self.0.token().await
    }

    fn peek(&self, held: &mut Held) -> Peek {
        self.0.peek(held);
        Peek::Renew
    }

    fn renew(&self) {
        *self.1.lock().unwrap() += 1;
    }

    fn origins(&self) -> &Origins {
        self.0.origins()
    }
}

#[tokio::test]
async fn a_request_whose_token_is_at_hand_copies_no_extension_and_gets_a_renewal_going() {
    let (clones, renewals) = (Arc::default(), Arc::default());
    let source = Ending(
        Counting::to(1, "https://api.example"),
        Arc::clone(&renewals),
    );
    let seen = Arc::default();
    let api = Api {
        answers: FINE,
        seen: Arc::clone(&seen),
        meanwhile: Box::new(|_| ()),
    };
    let client = client(AuthMiddleware::new(source), api);
    let mut extensions = Extensions::new();
    extensions.insert(Precious(Arc::clone(&clones)));
    let sent = client.execute_with_extensions(full(), &mut extensions);
    sent.await.unwrap();
    assert!(seen.lock().unwrap()[0].contains("made-up-1"));
    assert_eq!((*clones.lock().unwrap(), *renewals.lock().unwrap()), (0, 1));
    assert!(extensions.get::<Precious>().is_some());
}
