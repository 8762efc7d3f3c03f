use std::sync::Arc;

use auth_core::{ErrorKind, Origin};
use bytes::Bytes;
use tower_layer::Layer;

use crate::{
    AuthError, AuthLayer, ForeignOrigin, Known, Reason,
    mock::{Scripted, Strict, get, send, status},
};

/// Sends one request and returns the token that the server saw, or why nothing was sent.
fn outcome(layer: &AuthLayer<Known>, uri: &'static str) -> Result<String, Reason> {
    let api = Strict::<Bytes>::new([status(200)]);
    match send(&mut layer.layer(api.clone()), get(uri, Bytes::new())) {
        Ok(_) => Ok(api.tokens().remove(0)),
        Err(error) => {
            let error = AuthError::find(&*error).expect("an error of ours");
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(api.seen().is_empty());
            Err(error.reason())
        }
    }
}

const FOREIGN: [&str; 13] = [
    "https://other.example/",
    "https://api.example.evil.example/",
    "https://sub.api.example/",
    "https://api.example:444/",
    "https://api.example./",
    "https://user@api.example/",
    "https://user:pass@api.example/",
    "https://api.example@evil.example/",
    "https://api.example:443@evil.example/",
    "http://api.example/",
    "https://xn--pi-7ia.example/",
    "https://127.0.0.1/",
    "ftp://api.example/",
];

#[test]
fn the_token_goes_to_its_origins_and_nowhere_else() {
    let source = Scripted::new(["one"]).warm();
    let refuse = AuthLayer::new(Arc::clone(&source));
    let without = refuse
        .clone()
        .foreign_origins(ForeignOrigin::SendWithoutToken);
    for uri in [
        "https://api.example/",
        "https://API.Example:443/x?y",
        "https://api.example:443",
    ] {
        assert_eq!(outcome(&refuse, uri).as_deref(), Ok("Bearer one"), "{uri}");
    }
    for uri in FOREIGN {
        assert_eq!(outcome(&refuse, uri), Err(Reason::ForeignOrigin), "{uri}");
        assert_eq!(outcome(&without, uri).as_deref(), Ok("none"), "{uri}");
    }
}

#[test]
fn a_host_that_is_not_ascii_cannot_even_be_written() {
    assert!("https://\u{430}pi.example/".parse::<http::Uri>().is_err());
}

#[test]
fn a_foreign_request_obtains_no_token() {
    let source = Scripted::new(["one"]);
    let layer = AuthLayer::new(Arc::clone(&source));
    assert_eq!(
        outcome(&layer, "https://other.example/"),
        Err(Reason::ForeignOrigin)
    );
    assert_eq!(source.waits(), 0);
}

#[test]
fn an_address_without_a_server_needs_at() {
    let source = Scripted::new(["one"]).warm();
    let layer = AuthLayer::new(source);
    assert_eq!(
        outcome(&layer, "/pkg.Service/Method"),
        Err(Reason::NoAuthority)
    );
    let at = |origin| layer.clone().at(Origin::parse(origin).unwrap());
    let right = at("https://api.example");
    assert_eq!(
        outcome(&right, "/pkg.Service/Method").as_deref(),
        Ok("Bearer one")
    );
    assert_eq!(
        outcome(&right, "https://other.example/"),
        Err(Reason::ForeignOrigin)
    );
    let wrong = at("https://other.example").foreign_origins(ForeignOrigin::SendWithoutToken);
    assert_eq!(
        outcome(&wrong, "/pkg.Service/Method"),
        Err(Reason::ForeignOrigin)
    );
    // CONNECT's form names a host but no scheme, so there is no origin to compare.
    assert_eq!(
        outcome(&right, "api.example:443"),
        Err(Reason::ForeignOrigin)
    );
}

#[test]
fn plain_http_is_for_loopback_or_for_the_reckless() {
    let loopback = Scripted::with("http://127.0.0.1:8080", [Ok(crate::mock::token("one"))]);
    let layer = AuthLayer::new(loopback.warm());
    assert_eq!(
        outcome(&layer, "http://127.0.0.1:8080/").as_deref(),
        Ok("Bearer one")
    );

    let open = Origin::dangerous_plain_http("http://api.example").unwrap();
    let layer = AuthLayer::new(Open([open.clone()].into_iter().collect()));
    assert_eq!(
        outcome(&layer, "http://api.example/"),
        Err(Reason::PlainHttp)
    );
    assert_eq!(
        outcome(&layer.clone().at(open.clone()), "/x"),
        Err(Reason::PlainHttp)
    );
    let reckless = layer.dangerous_plain_http();
    assert_eq!(
        outcome(&reckless, "http://api.example/").as_deref(),
        Ok("Bearer open")
    );
    assert_eq!(
        outcome(&reckless.clone().at(open), "/x").as_deref(),
        Ok("Bearer open")
    );
    assert_eq!(
        outcome(&reckless, "https://api.example/"),
        Err(Reason::ForeignOrigin)
    );
}

struct Open(auth_core::Origins);

#[async_trait::async_trait]
impl auth_core::TokenSource for Open {
    async fn token(&self) -> Result<auth_core::Token, auth_core::Error> {
        Ok(crate::mock::token("open"))
    }

    fn origins(&self) -> &auth_core::Origins {
        &self.0
    }
}
