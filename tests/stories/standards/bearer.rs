//! Where a token goes, and what a refusal of it means.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{Cached, ErrorKind, Origins, Secret, Token, TokenSource};
use auth_testkit::ScriptedGrant;
use auth_tower::{AuthError, AuthLayer, BoxError, Reason};
use http::{Request, Response, header::AUTHORIZATION};
use tower::{Layer, ServiceExt, service_fn};

/// An API that answers every request in the same way and keeps what it was sent.
#[derive(Clone, Default)]
struct Api(Arc<Mutex<Vec<Request<String>>>>);

impl Api {
    /// Sends `request` through the layer and returns the status, or the layer's own error.
    async fn ask(
        &self,
        source: &Cached,
        request: Request<String>,
        answer: impl Fn() -> Response<()> + Clone + Send + Sync,
    ) -> Result<u16, AuthError> {
        let api = service_fn(|request: Request<String>| {
            self.0.lock().unwrap().push(request);
            let answer = answer();
            async move { Ok::<_, BoxError>(answer) }
        });
        let outcome = AuthLayer::new(source.clone())
            .layer(api)
            .oneshot(request)
            .await;
        outcome
            .map(|answer| answer.status().as_u16())
            .map_err(|error| AuthError::find(&*error).expect("it is ours").clone())
    }

    /// Returns every value of the header that went out, one list for each request.
    fn sent(&self) -> Vec<Vec<String>> {
        let values = |request: &Request<String>| {
            let all = request.headers().get_all(AUTHORIZATION).into_iter();
            all.map(|value| value.to_str().unwrap().to_owned())
                .collect()
        };
        self.0.lock().unwrap().iter().map(values).collect()
    }
}

fn source(origins: Origins) -> (Cached, ScriptedGrant) {
    let grant = ScriptedGrant::new();
    for number in 1..=9 {
        grant.issues(&format!("at-{number}"), Duration::from_secs(3600));
    }
    (Cached::builder(grant.clone(), origins).build(), grant)
}

fn api() -> Origins {
    Origins::parse("https://api.example").unwrap()
}

fn get(address: &str) -> Request<String> {
    Request::get(address).body(String::new()).unwrap()
}

fn answer(status: u16, challenge: &'static str) -> impl Fn() -> Response<()> + Clone + Send + Sync {
    move || {
        let answer = Response::builder().status(status);
        let answer = answer.header("www-authenticate", challenge);
        answer.body(()).unwrap()
    }
}

#[tokio::test]
async fn a15_a_token_goes_to_its_own_servers_and_nowhere_else() {
    for (address, good) in [
        ("https://api.example/v1", true),
        ("https://API.example:443/v1", true),
        ("https://api.example:8443/v1", false),
        ("http://api.example/v1", false),
        ("https://api.example.evil.example/", false),
        ("https://x.api.example/", false),
        ("https://api.example@evil.example/", false),
        ("https://user@api.example/", false),
        ("https://api.example./", false),
        ("https://xn--api-example.example/", false),
        ("https://[::1]/", false),
    ] {
        let (source, grant) = source(api());
        let seen = Api::default();
        let outcome = seen.ask(&source, get(address), answer(200, "")).await;
        assert_eq!(outcome.is_ok(), good, "{address}");
        assert_eq!(
            (seen.sent().len(), grant.calls()),
            (usize::from(good), usize::from(good))
        );
    }
}

#[tokio::test]
async fn b01_a_request_carries_one_token_in_the_header() {
    let (source, grant) = source(api());
    let seen = Api::default();
    seen.ask(&source, get("https://api.example/v1?a=1"), answer(200, ""))
        .await
        .unwrap();
    let mut own = get("https://api.example/v1");
    own.headers_mut()
        .insert(AUTHORIZATION, "Bearer own".parse().unwrap());
    seen.ask(&source, own, answer(401, "")).await.unwrap();
    assert_eq!(seen.sent(), [["Bearer at-1"], ["Bearer own"]]);
    assert_eq!(
        seen.0.lock().unwrap()[0].uri(),
        "https://api.example/v1?a=1"
    );
    assert_eq!(
        grant.calls(),
        1,
        "the caller's own header had a token obtained"
    );
}

#[test]
fn b02_a_token_has_the_syntax_of_one_and_is_marked_as_secret() {
    for (text, good) in [
        ("abcXYZ019-._~+/==", true),
        ("a b", false),
        ("a\r\nb", false),
        ("a\"b", false),
        ("a,b", false),
        ("é", false),
        ("=", false),
        ("a=b", false),
        ("", false),
    ] {
        let token = Token::bearer(Secret::from(text));
        assert_eq!(token.is_ok(), good, "{text:?}");
        if let Ok(token) = token {
            assert!(token.headers().all(|(_, value)| value.is_sensitive()));
            let (_, value) = token.headers().next().unwrap();
            assert_eq!(format!("{value:?}"), "Sensitive");
        }
    }
}

#[tokio::test]
async fn b04_insufficient_scope_never_renews_and_a_refusal_renews_once() {
    let lacks = "Bearer error=\"insufficient_scope\", scope=\"admin\"";
    let hostile = "Bearer realm=\"https://evil.example/token\", error=\"invalid_token\"";
    for (status, challenge, requests, renewals) in [
        (403, lacks, 1, 1),
        (401, lacks, 1, 1),
        (403, "Bearer error=\"invalid_token\"", 1, 1),
        (401, "Bearer error=\"invalid_token\"", 2, 2),
        (401, hostile, 2, 2),
        (
            401,
            "Negotiate YII=, Bearer error=\"insufficient_scope\"",
            1,
            1,
        ),
        (401, "", 2, 2),
        (404, "", 1, 1),
    ] {
        let (source, grant) = source(api());
        let seen = Api::default();
        let outcome = seen.ask(
            &source,
            get("https://api.example/"),
            answer(status, challenge),
        );
        assert_eq!(outcome.await.unwrap(), status, "{challenge}");
        assert_eq!(
            (seen.sent().len(), grant.calls()),
            (requests, renewals),
            "{status} {challenge}"
        );
    }
}

#[tokio::test]
async fn h12_origins_are_required() {
    // The constructor wants them, and their default is nowhere.
    let (source, grant) = source(Origins::default());
    let seen = Api::default();
    let error = seen
        .ask(&source, get("https://api.example/"), answer(200, ""))
        .await
        .unwrap_err();
    assert_eq!(
        (error.reason(), error.kind()),
        (Reason::ForeignOrigin, ErrorKind::Configuration)
    );
    assert_eq!((seen.sent().len(), grant.calls()), (0, 0));

    struct Careless;
    #[async_trait::async_trait]
    impl TokenSource for Careless {
        async fn token(&self) -> Result<Token, auth_core::Error> {
            Token::bearer(Secret::new("made-up"))
        }
    }
    assert!(
        Careless.origins().is_empty(),
        "a source that says nothing may send anywhere"
    );
}
