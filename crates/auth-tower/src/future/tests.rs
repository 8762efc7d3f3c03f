mod restored;

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Origins, Token, TokenSource};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, Version, header::WWW_AUTHENTICATE};
use tower_layer::Layer;

use crate::{
    AuthError, AuthLayer, ForeignOrigin, Never, Reason, ReplayWith,
    mock::{API, Scripted, Strict, get, send, status, token},
};

/// A body that nobody but the test knows how to copy.
#[derive(Clone, Debug, PartialEq)]
struct Opaque(Bytes);

fn plan(codes: &[u16]) -> Strict<Bytes> {
    Strict::new(codes.iter().map(|code| status(*code)))
}

fn body() -> Bytes {
    Bytes::from_static(b"things")
}

fn with(mut response: Response<()>, name: &'static str, value: &'static str) -> Response<()> {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    response
}

#[test]
fn a_refused_token_is_rejected_and_the_request_sent_once_more_whole() {
    for warm in [true, false] {
        let mut source = Scripted::new(["one", "two"]);
        if warm {
            source = source.warm();
        }
        let api = plan(&[401, 200]);
        let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
        let mut request = get(API, body());
        *request.method_mut() = Method::PUT;
        *request.version_mut() = Version::HTTP_2;
        request.extensions_mut().insert(7_u32);
        request
            .headers_mut()
            .append("x-list", HeaderValue::from_static("a"));
        request
            .headers_mut()
            .append("x-list", HeaderValue::from_static("b"));
        assert_eq!(send(&mut auth, request).unwrap().status(), 200);

        assert_eq!(api.tokens(), ["Bearer one", "Bearer two"]);
        let [first, second] = &api.seen()[..] else {
            panic!("two requests are expected");
        };
        assert_eq!(first.body, second.body);
        assert_eq!(first.uri, second.uri);
        assert_eq!((second.noted, first.noted), (Some(7), Some(7)));
        let list = second.headers.get_all("x-list").iter().collect::<Vec<_>>();
        assert_eq!(list, ["a", "b"]);
        assert_eq!(second.headers.len(), first.headers.len());
        assert_eq!(source.rejected().len(), 1);
    }
}

#[test]
fn a_second_refusal_goes_to_the_caller_and_rejects_that_token_too() {
    let source = Scripted::new(["one", "two", "three"]).warm();
    let first = source.current().unwrap().generation();
    let api = plan(&[401, 401]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 401);
    assert_eq!(api.seen().len(), 2);
    assert_eq!(source.rejected().len(), 2);
    assert_eq!(source.rejected()[0], first);
    assert_ne!(source.rejected()[1], first);
}

#[test]
fn the_token_that_was_sent_is_rejected_and_not_the_current_one() {
    let source = Scripted::new(["one"]).warm();
    let sent = source.current().unwrap().generation();
    let api = plan(&[401]);
    let mut auth = AuthLayer::new(Arc::clone(&source))
        .replay(Never)
        .layer(api.clone());
    let future = {
        use tower_service::Service;
        crate::mock::run(std::future::poll_fn(|cx| {
            Service::<http::Request<Bytes>>::poll_ready(&mut auth, cx)
        }))
        .unwrap();
        auth.call(get(API, body()))
    };
    source.replace(token("two"));
    crate::mock::run(future).unwrap();
    assert_eq!(source.rejected(), [sent]);
    assert!(
        source.current().is_some(),
        "the late refusal hit the new token"
    );
}

#[test]
fn a_handle_that_is_used_for_long_rejects_what_it_sent_last() {
    let source = Scripted::new(["one"]).warm();
    let api = plan(&[200, 200, 200, 401, 401]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).replay(Never).layer(api);
    for _ in 0..3 {
        send(&mut auth, get(API, body())).unwrap();
    }
    let mut expected = Vec::new();
    for text in ["two", "three"] {
        source.replace(token(text));
        expected.push(source.current().unwrap().generation());
        send(&mut auth, get(API, body())).unwrap();
    }
    assert_eq!(source.rejected(), expected);
}

#[test]
fn the_same_token_is_not_sent_twice() {
    let one = token("one");
    let source = Scripted::with("https://api.example", [Ok(one.clone()), Ok(one)]).warm();
    let api = plan(&[401]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 401);
    assert_eq!(source.waits(), 1);
}

#[test]
fn no_second_token_is_a_typed_error() {
    let down = Error::new(ErrorKind::Unavailable, "down");
    let source = Scripted::with("https://api.example", [Ok(token("one")), Err(down)]);
    let mut auth = AuthLayer::new(source).layer(plan(&[401]));
    let error = send(&mut auth, get(API, body())).unwrap_err();
    let error = AuthError::find(&*error).unwrap();
    assert_eq!(
        (error.reason(), error.kind()),
        (Reason::NextToken, ErrorKind::Unavailable)
    );
}

/// A source whose tokens may go nowhere once one of them was refused.
struct Narrowing(Arc<Scripted>);

#[async_trait]
impl TokenSource for Narrowing {
    async fn token(&self) -> Result<Token, Error> {
        self.0.token().await
    }

    fn reject(&self, refused: &Token) {
        self.0.reject(refused);
    }

    fn origins(&self) -> &Origins {
        match self.0.rejected().is_empty() {
            true => self.0.origins(),
            false => Origins::none(),
        }
    }
}

#[test]
fn the_next_token_goes_nowhere_that_it_may_not_go() {
    for (foreign, expected) in [
        (ForeignOrigin::SendWithoutToken, None),
        (ForeignOrigin::Refuse, Some(Reason::ForeignOrigin)),
    ] {
        let source = Narrowing(Scripted::new(["one", "two"]));
        let api = plan(&[401, 200]);
        let mut auth = AuthLayer::new(source)
            .foreign_origins(foreign)
            .layer(api.clone());
        match send(&mut auth, get(API, body())) {
            Ok(response) => assert!(expected.is_none() && response.status() == 401),
            Err(error) => assert_eq!(AuthError::find(&*error).map(AuthError::reason), expected),
        }
        assert_eq!(api.tokens(), ["Bearer one"]);
    }
}

#[test]
fn a_body_that_is_not_kept_is_not_sent_again() {
    let source = Scripted::new(["one", "two"]).warm();
    let api = plan(&[401, 200]);
    let mut auth = AuthLayer::new(Arc::clone(&source))
        .replay(Never)
        .layer(api.clone());
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 401);
    assert_eq!(
        (api.seen().len(), source.rejected().len(), source.waits()),
        (1, 1, 0)
    );
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 200);
    assert_eq!(api.tokens(), ["Bearer one", "Bearer two"]);
}

#[test]
fn a_foreign_body_decides_by_itself() {
    let copy = ReplayWith(|body: &Opaque| (!body.0.is_empty()).then(|| body.clone()));
    for (text, expected, count) in [("whole", 200, 2), ("", 401, 1)] {
        let source = Scripted::new(["one", "two"]).warm();
        let api = Strict::new([status(401), status(200)]);
        let mut auth = AuthLayer::new(source).replay(copy).layer(api.clone());
        let request = get(API, Opaque(Bytes::from(text)));
        assert_eq!(send(&mut auth, request).unwrap().status(), expected);
        assert_eq!(api.seen().len(), count);
        assert!(api.seen().iter().all(|seen| seen.body.0 == text));
    }
}

#[test]
fn what_counts_as_a_refusal() {
    let scope = "Bearer error=\"insufficient_scope\"";
    for (response, refused) in [
        (status(401), true),
        (with(status(200), "grpc-status", "16"), true),
        (with(status(200), "grpc-status", "7"), false),
        (status(403), false),
        (status(407), false),
        (with(status(401), WWW_AUTHENTICATE.as_str(), scope), false),
        (with(status(403), WWW_AUTHENTICATE.as_str(), scope), false),
        (
            with(
                status(401),
                WWW_AUTHENTICATE.as_str(),
                "Bearer realm=\"https://evil.example\"",
            ),
            true,
        ),
    ] {
        let source = Scripted::new(["one", "two"]).warm();
        let code = response.status();
        let api = Strict::<Bytes>::new([response, status(204)]);
        let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
        let answer = send(&mut auth, get(API, body())).unwrap();
        assert_eq!(
            answer.status(),
            if refused {
                StatusCode::NO_CONTENT
            } else {
                code
            }
        );
        assert_eq!(source.rejected().len(), usize::from(refused));
    }
}

#[test]
fn a_rule_widens_and_narrows_what_counts() {
    for (code, refused) in [(403, true), (401, false), (200, false)] {
        let source = Scripted::new(["one", "two"]).warm();
        let api = plan(&[code, 204]);
        let layer = AuthLayer::new(Arc::clone(&source)).refusal(|answer| answer.status() == 403);
        let mut auth = layer.layer(api);
        send(&mut auth, get(API, body())).unwrap();
        assert_eq!(source.rejected().len(), usize::from(refused));
    }
}

#[test]
fn a_redirect_is_an_answer() {
    let source = Scripted::new(["one"]).warm();
    let api = Strict::<Bytes>::new([with(status(307), "location", "https://evil.example/")]);
    let mut auth = AuthLayer::new(source).layer(api.clone());
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 307);
    assert_eq!(api.seen().len(), 1);
}
