use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use auth_core::{
    Cached, Error, ErrorKind, Exchange, Grant, Origins, Tenants, TokenSet, TokenSource,
};
use bytes::Bytes;
use tower_layer::Layer;

use super::{RequestHead, Route, by_origin};
use crate::{
    AuthError, AuthLayer, ForeignOrigin, Reason,
    mock::{API, Scripted, Strict, get, send, status, token},
};

#[test]
fn a_route_is_object_safe_and_forwards() {
    fn is_route<T: Route + Send + Sync>() {}
    is_route::<Arc<dyn Route>>();
    is_route::<Box<dyn Route>>();
}

#[test]
fn a_route_sees_the_whole_head_of_a_request() {
    let mut request = get(API, Bytes::new());
    *request.method_mut() = http::Method::PUT;
    request
        .headers_mut()
        .insert("x-brand", "B1".parse().unwrap());
    request.extensions_mut().insert(7_u32);
    let head = RequestHead::of(&request);
    assert_eq!(
        (head.method(), head.uri()),
        (request.method(), request.uri())
    );
    assert_eq!(head.headers()["x-brand"], "B1");
    assert_eq!(head.extensions().get(), Some(&7_u32));
}

#[test]
fn each_origin_gets_its_own_token_and_no_other() {
    let source = |origin: &str, text: &str| -> Arc<dyn TokenSource> {
        Scripted::with(origin, [Ok(token(text))]).warm()
    };
    let layer = AuthLayer::routed(by_origin([
        source("https://one.example", "one"),
        source("https://two.example", "two"),
    ]));
    let api = Strict::<Bytes>::new([status(200), status(200), status(200)]);
    let mut auth = layer.layer(api.clone());
    send(&mut auth, get("https://one.example/", Bytes::new())).unwrap();
    send(&mut auth, get("https://two.example/", Bytes::new())).unwrap();
    let error = send(&mut auth, get("https://three.example/", Bytes::new())).unwrap_err();
    let error = AuthError::find(&*error).unwrap();
    assert_eq!(error.reason(), Reason::ForeignOrigin);
    let mut auth = layer
        .foreign_origins(ForeignOrigin::SendWithoutToken)
        .layer(api.clone());
    send(&mut auth, get("https://three.example/", Bytes::new())).unwrap();
    assert_eq!(api.tokens(), ["Bearer one", "Bearer two", "none"]);
}

struct Named(&'static str);

#[async_trait]
impl Grant for Named {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Ok(TokenSet::new(token(self.0)))
    }
}

#[tokio::test]
async fn each_tenant_gets_its_own_token_and_a_request_without_one_fails() {
    let tenants = Tenants::new(NonZeroUsize::new(2).unwrap(), |name: &&'static str| {
        let origins = Origins::parse("https://api.example")?;
        Ok(Cached::builder(Named(name), origins).build())
    });
    // The exchange runs in a task of its own, so it is waited for before the layer is driven by hand.
    for name in ["alice", "bob"] {
        tenants.get(&name).unwrap().warm_up().await.unwrap();
    }
    let api = Strict::<Bytes>::new([status(200), status(200)]);
    let mut auth = AuthLayer::routed(tenants).layer(api.clone());
    for name in ["alice", "bob"] {
        let mut request = get(API, Bytes::new());
        request.extensions_mut().insert(name);
        send(&mut auth, request).unwrap();
    }
    assert_eq!(api.tokens(), ["Bearer alice", "Bearer bob"]);
    let error = send(&mut auth, get(API, Bytes::new())).unwrap_err();
    let error = AuthError::find(&*error).unwrap();
    assert_eq!(
        (error.reason(), error.kind()),
        (Reason::Route, ErrorKind::Configuration)
    );
    assert!(error.cause().to_string().contains("tenant"));
}
