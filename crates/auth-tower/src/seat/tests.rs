use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth_core::{Error, Held, Origins, Peek, Token, TokenSource};
use bytes::Bytes;
use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    AuthLayer,
    mock::{API, Strict, get, run, send, status, token},
};

/// A source that notes of each look whether the handle still held a token.
struct Looked {
    token: Token,
    origins: Origins,
    found: Mutex<Vec<bool>>,
}

impl Looked {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            token: token("one"),
            origins: Origins::parse("https://api.example").unwrap(),
            found: Mutex::default(),
        })
    }
}

#[async_trait]
impl TokenSource for Looked {
    async fn token(&self) -> Result<Token, Error> {
        Ok(self.token.clone())
    }

    fn peek(&self, held: &mut Held) -> Peek {
        self.found.lock().unwrap().push(held.token().is_some());
        held.keep(&self.token, self.token.generation(), None);
        Peek::Ready
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}

fn plain() -> Request<Bytes> {
    get(API, Bytes::new())
}

/// A request with an extension that says nothing of authentication.
fn noted() -> Request<Bytes> {
    let mut request = plain();
    request.extensions_mut().insert(7_u32);
    request
}

#[test]
fn a_handle_that_is_used_again_keeps_its_token_for_the_next_look() {
    for request in [plain, noted] {
        let source = Looked::new();
        let api = Strict::new([200; 5].map(status));
        let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api);
        for _ in 0..4 {
            send(&mut auth, request()).unwrap();
        }
        send(&mut auth.clone(), request()).unwrap();
        // The first look borrows and the second one copies; a clone begins anew.
        let found = source.found.lock().unwrap().clone();
        assert_eq!(found, [false, false, true, true, false]);
    }
}

#[test]
fn the_requests_of_a_handle_count_the_source_once() {
    let source: Arc<dyn TokenSource> = Looked::new();
    let api = Strict::new([200; 5].map(status));
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api);
    let counted = Arc::strong_count(&source);
    // A handle that lived for one request would have kept something for nobody.
    for kept in [0, 1] {
        send(&mut auth, plain()).unwrap();
        assert_eq!(Arc::strong_count(&source), counted + kept);
    }
    let mut under_way = Vec::new();
    for _ in 0..3 {
        run(poll_fn(|cx| auth.poll_ready(cx))).unwrap();
        under_way.push(auth.call(plain()));
        assert_eq!(Arc::strong_count(&source), counted + 1);
    }
}
