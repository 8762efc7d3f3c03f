use std::sync::Arc;

use auth_core::TokenSource;
use bytes::Bytes;
use tower_layer::Layer;

use super::{Route, by_origin};
use crate::{
    AuthError, AuthLayer, ForeignOrigin, Reason,
    mock::{Scripted, Strict, get, send, status, token},
};

#[test]
fn a_route_is_object_safe_and_forwards() {
    fn is_route<T: Route + Send + Sync>() {}
    is_route::<Arc<dyn Route>>();
    is_route::<Box<dyn Route>>();
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
