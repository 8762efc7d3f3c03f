//! Requests that somebody else authenticated.

use std::sync::Arc;

use auth_core::{ErrorKind, Secret, Token, TokenSource};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use tower_layer::Layer;

use super::{body, plan};
use crate::{
    AuthError, AuthLayer, Reason,
    mock::{API, Scripted, get, send, token},
    route,
};

#[test]
fn a_request_that_carries_a_header_of_the_token_is_left_alone() {
    let name = HeaderName::from_static("x-brand");
    let branded = token("one").with_header(name.clone(), "B1").unwrap();
    let own = Token::in_header(name.clone(), "", Secret::new("B2")).unwrap();
    let held = [
        (token("one"), AUTHORIZATION),
        (branded, name.clone()),
        (own, name),
    ];
    // The source of the layer, that of a route, and that of the request.
    for (way, (held, header)) in (0..3).flat_map(|way| held.iter().map(move |held| (way, held))) {
        let source = Scripted::new(["never"]);
        source.replace(held.clone());
        let routed: Arc<dyn TokenSource> = Arc::<Scripted>::clone(&source);
        let route = route::by(move |_: &_| Ok(Arc::clone(&routed)));
        let layer = match way {
            0 => AuthLayer::new(Arc::clone(&source)),
            1 => AuthLayer::routed(route),
            _ => AuthLayer::new(Scripted::failing(ErrorKind::Unavailable)),
        };
        let api = plan(&[401]);
        let mut request = get(API, body());
        if way == 2 {
            let chosen: Arc<dyn TokenSource> = Arc::<Scripted>::clone(&source);
            request.extensions_mut().insert(chosen);
        }
        request
            .headers_mut()
            .insert(header, HeaderValue::from_static("mine"));
        let answer = send(&mut layer.layer(api.clone()), request).unwrap();
        assert_eq!((answer.status().as_u16(), api.seen().len()), (401, 1));
        let seen = &api.seen()[0];
        assert_eq!(
            (seen.headers.len(), &seen.headers[header]),
            (1, &"mine".parse().unwrap())
        );
        assert!(source.rejected().is_empty());
    }
}

#[test]
fn a_request_with_its_own_authorization_waits_for_no_token() {
    let failing = || Scripted::failing(ErrorKind::Unavailable);
    let chosen: Arc<dyn TokenSource> = failing();
    for (source, chosen) in [
        (Scripted::new(["one"]), None),
        (failing(), None),
        (failing(), Some(chosen)),
    ] {
        let api = plan(&[401]);
        let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
        let mut request = get(API, body());
        let own = HeaderValue::from_static("Basic mine");
        request.headers_mut().insert(AUTHORIZATION, own);
        if let Some(chosen) = chosen {
            request.extensions_mut().insert(chosen);
        }
        assert_eq!(send(&mut auth, request).unwrap().status(), 401);
        assert_eq!(api.tokens(), ["Basic mine"]);
        assert_eq!((source.waits(), source.rejected().len()), (0, 0));
    }
    // It is checked all the same where such a request goes.
    let mut auth = AuthLayer::new(failing()).layer(plan(&[]));
    let mut request = get("https://elsewhere.example/", body());
    let own = HeaderValue::from_static("Basic mine");
    request.headers_mut().insert(AUTHORIZATION, own);
    let error = send(&mut auth, request).unwrap_err();
    let reason = AuthError::find(&*error).map(AuthError::reason);
    assert_eq!(reason, Some(Reason::ForeignOrigin));
}

#[test]
fn a_request_with_another_header_of_the_token_waits_for_the_first_one() {
    let name = HeaderName::from_static("x-key");
    let key = Token::in_header(name.clone(), "", Secret::new("key")).unwrap();
    let source = Scripted::with("https://api.example", [Ok(key)]);
    let api = plan(&[401]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    let mut request = get(API, body());
    request
        .headers_mut()
        .insert(&name, HeaderValue::from_static("mine"));
    send(&mut auth, request).unwrap();
    assert_eq!(
        (source.waits(), &api.seen()[0].headers[name]),
        (1, &"mine".parse().unwrap())
    );
    // What was refused was not ours.
    assert_eq!((source.rejected().len(), api.seen().len()), (0, 1));
}
