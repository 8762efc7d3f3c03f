mod own_header;

use std::{future::poll_fn, sync::Arc};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Held, Origins, Peek, Token, TokenSource};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Auth, AuthError, AuthLayer, NoAuth, Reason, ResponseFuture, Route,
    mock::{API, Scripted, Strict, get, run, run_for, send, status, token},
    route,
};

fn plan(codes: &[u16]) -> Strict<Bytes> {
    Strict::new(codes.iter().map(|code| status(*code)))
}

fn body() -> Bytes {
    Bytes::from_static(b"things")
}

#[test]
fn a_held_token_is_sent_without_a_wait() {
    let source = Scripted::new(["one"]).warm();
    let api = plan(&[200, 200, 200, 200]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    for _ in 0..3 {
        assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 200);
    }
    send(&mut auth.clone(), get(API, body())).unwrap();
    assert_eq!(api.tokens(), ["Bearer one"; 4]);
    assert!(api.seen()[2].headers[AUTHORIZATION].is_sensitive());
    assert_eq!((source.waits(), source.renewals()), (0, 0));
}

#[test]
fn a_handle_notices_that_the_token_changed() {
    let source = Scripted::new(["one"]).warm();
    let api = plan(&[200; 6]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    for text in ["one", "two", "three"] {
        source.replace(token(text));
        send(&mut auth, get(API, body())).unwrap();
        send(&mut auth, get(API, body())).unwrap();
    }
    let expected = ["one", "one", "two", "two", "three", "three"];
    assert_eq!(api.tokens(), expected.map(|text| format!("Bearer {text}")));
}

#[test]
fn a_missing_token_is_waited_for_with_the_service_that_was_ready() {
    let source = Scripted::new(["one"]);
    let api = plan(&[200, 200]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    // The strict service panics if the clone that stays behind is the one that is called.
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 200);
    send(&mut auth, get(API, body())).unwrap();
    assert_eq!(api.tokens(), ["Bearer one", "Bearer one"]);
    assert_eq!(source.waits(), 1);
}

#[test]
fn a_renewal_is_asked_for_and_not_waited_for() {
    let source = Scripted::new(["one"]).warm();
    source.answer(Peek::Renew);
    let api = plan(&[200]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    send(&mut auth, get(API, body())).unwrap();
    assert_eq!((source.renewals(), source.waits()), (1, 0));
    assert_eq!(api.tokens(), ["Bearer one"]);
}

/// Says that it holds a token, and holds none.
struct Hollow(Origins);

#[async_trait]
impl TokenSource for Hollow {
    async fn token(&self) -> Result<Token, Error> {
        Ok(token("one"))
    }

    fn peek(&self, _: &mut Held) -> Peek {
        Peek::Ready
    }

    fn origins(&self) -> &Origins {
        &self.0
    }
}

#[test]
fn a_source_that_breaks_its_word_is_waited_for() {
    let api = plan(&[200, 200]);
    let source = || Hollow(Origins::parse("https://api.example").unwrap());
    let fixed = AuthLayer::new(source());
    send(&mut fixed.layer(api.clone()), get(API, body())).unwrap();
    let chosen: Arc<dyn TokenSource> = Arc::new(source());
    let routed = AuthLayer::routed(route::by(move |_: &_| Ok(Arc::clone(&chosen))));
    send(&mut routed.layer(api.clone()), get(API, body())).unwrap();
    assert_eq!(api.tokens(), ["Bearer one"; 2]);
}

#[test]
fn all_headers_of_a_token_are_sent() {
    let name = HeaderName::from_static("x-brand");
    let source = Scripted::new(["never"]);
    source.replace(token("one").with_header(name.clone(), "B1").unwrap());
    let api = plan(&[200]);
    send(
        &mut AuthLayer::new(source).layer(api.clone()),
        get(API, body()),
    )
    .unwrap();
    assert_eq!(api.seen()[0].headers[name], "B1");
    assert_eq!(api.tokens(), ["Bearer one"]);
}

#[test]
fn no_token_is_a_typed_error_and_nothing_is_sent() {
    for kind in [ErrorKind::Unavailable, ErrorKind::LoginRequired] {
        let api = plan(&[]);
        let mut auth = AuthLayer::new(Scripted::failing(kind)).layer(api.clone());
        let error = send(&mut auth, get(API, body())).unwrap_err();
        let auth = AuthError::find(&*error).expect("an error of ours");
        assert_eq!((auth.reason(), auth.kind()), (Reason::Token, kind));
        assert!(api.seen().is_empty());
    }
}

#[test]
fn the_errors_of_the_api_pass_through() {
    let api = Strict::<Bytes>::scripted([Err("connection reset".into())]);
    let mut auth = AuthLayer::new(Scripted::new(["one"])).layer(api);
    let error = send(&mut auth, get(API, body())).unwrap_err();
    assert!(AuthError::find(&*error).is_none());
    assert_eq!(error.to_string(), "connection reset");
}

#[test]
fn anonymous_requests_are_sent_only_where_that_was_asked_for() {
    let api = plan(&[200, 401]);
    let source = Scripted::failing(ErrorKind::LoginRequired);
    let mut auth = AuthLayer::new(Arc::clone(&source))
        .anonymous()
        .layer(api.clone());
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 200);
    assert_eq!(send(&mut auth, get(API, body())).unwrap().status(), 401);
    assert_eq!(api.tokens(), ["none", "none"]);
    assert!(source.rejected().is_empty());
}

#[test]
fn extensions_choose_the_source_or_opt_out() {
    let (mine, other) = (Scripted::new(["mine"]).warm(), Scripted::new(["other"]));
    let api = plan(&[200, 200, 200]);
    let mut auth = AuthLayer::new(Arc::clone(&mine)).layer(api.clone());
    let mut request = get(API, body());
    let chosen: Arc<dyn TokenSource> = other;
    request.extensions_mut().insert(Arc::clone(&chosen));
    send(&mut auth, request).unwrap();
    let mut request = get(API, body());
    request.extensions_mut().insert(Arc::clone(&chosen));
    request.extensions_mut().insert(NoAuth);
    send(&mut auth, request).unwrap();
    send(&mut auth, get(API, body())).unwrap();
    assert_eq!(api.tokens(), ["Bearer other", "none", "Bearer mine"]);
}

#[test]
fn opting_out_needs_neither_a_token_nor_an_origin() {
    let api = plan(&[401]);
    let mut auth = AuthLayer::new(Scripted::failing(ErrorKind::Protocol)).layer(api.clone());
    let mut request = get("http://elsewhere.example/", body());
    request.extensions_mut().insert(NoAuth);
    assert_eq!(send(&mut auth, request).unwrap().status(), 401);
}

#[test]
fn a_route_chooses_per_request_and_its_error_is_typed() {
    let reader: Arc<dyn TokenSource> = Scripted::new(["reader"]).warm();
    let route: Box<dyn Route> = Box::new(route::by(move |request| {
        if request.headers().contains_key("x-lost") {
            return Err(Error::new(ErrorKind::Configuration, "no tenant"));
        }
        Ok(Arc::clone(&reader))
    }));
    let api = plan(&[200, 200]);
    let mut auth = AuthLayer::routed(route).layer(api.clone());
    send(&mut auth, get(API, body())).unwrap();
    send(&mut auth, get(API, body())).unwrap();
    let mut lost = get(API, body());
    lost.headers_mut()
        .insert("x-lost", HeaderValue::from_static("1"));
    let error = send(&mut auth, lost).unwrap_err();
    let error = AuthError::find(&*error).unwrap();
    assert_eq!(
        (error.reason(), error.kind()),
        (Reason::Route, ErrorKind::Configuration)
    );
    assert_eq!(api.tokens(), ["Bearer reader"; 2]);
}

#[test]
fn a_request_can_be_dropped_at_every_wait() {
    // First token, answer, second token, readiness, second answer: dropped after each poll.
    let mut ended = false;
    for polls in 0..20 {
        let source = Scripted::new(["one", "two", "three"]);
        let api = plan(&[401, 200, 200]);
        let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
        run(poll_fn(|cx| auth.poll_ready(cx))).unwrap();
        ended = run_for(auth.call(get(API, body())), polls);
        // Nothing is sent a second time before the first token was rejected.
        assert!(source.rejected().len() + 1 >= api.seen().len());
        let answer = send(&mut auth, get(API, body())).unwrap();
        // Whoever comes next meets a handle that works.
        assert_eq!(answer.status(), 200, "after {polls} polls");
    }
    assert!(ended);
}

#[test]
fn nothing_shows_the_token() {
    let source = Scripted::new(["planted"]).warm();
    let layer = AuthLayer::new(Arc::clone(&source));
    let mut auth = layer.layer(plan(&[200]));
    run(poll_fn(|cx| auth.poll_ready(cx))).unwrap();
    let future = auth.call(get(API, body()));
    let text = format!("{layer:?} {auth:?} {future:?}");
    assert!(
        text.contains("AuthLayer") && !text.contains("planted"),
        "{text}"
    );
}

#[test]
fn handles_and_futures_are_send() {
    fn is_send<T: Send>() {}
    fn is_clone_send_sync<T: Clone + Send + Sync>() {}
    is_clone_send_sync::<AuthLayer>();
    is_clone_send_sync::<Auth<Strict<Bytes>>>();
    is_send::<ResponseFuture<Strict<Bytes>, Bytes, crate::Known>>();
}
