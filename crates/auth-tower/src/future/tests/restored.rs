//! What a second sending is made of.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::Empty;
use tower_layer::Layer;

use super::{body, plan};
use crate::{
    AuthLayer, Replay,
    mock::{API, Scripted, Strict, get, send, status, token},
};

/// Looks, whenever a body is to be sent again, whether the token was rejected by then.
#[derive(Clone)]
struct Looking(Arc<Scripted>, Arc<Mutex<Vec<usize>>>);

impl Replay<Bytes> for Looking {
    type Spare = Bytes;

    fn split(&self, body: Bytes) -> (Bytes, Option<Bytes>) {
        (body.clone(), Some(body))
    }

    fn restore(&self, spare: Bytes) -> Option<Bytes> {
        self.1.lock().unwrap().push(self.0.rejected().len());
        Some(spare)
    }
}

#[test]
fn a_body_is_restored_after_its_token_was_rejected_and_for_nothing_else() {
    let source = Scripted::new(["one", "two"]).warm();
    let looking = Looking(Arc::clone(&source), Arc::default());
    let layer = AuthLayer::new(source).replay(looking.clone());
    let mut auth = layer.clone().layer(plan(&[200, 401, 200]));
    send(&mut auth, get(API, body())).unwrap();
    assert!(looking.1.lock().unwrap().is_empty());
    send(&mut auth, get(API, body())).unwrap();
    assert_eq!(*looking.1.lock().unwrap(), [1]);
    // An answer that is only watched needs no copy either.
    let answers = Strict::new([status(200).map(|()| Empty::<Bytes>::new())]);
    let mut watched = layer.watch_trailers().layer(answers);
    send(&mut watched, get(API, body())).unwrap();
    assert_eq!(*looking.1.lock().unwrap(), [1]);
}

#[test]
fn a_request_is_not_sent_again_over_a_header_of_its_own() {
    let name = HeaderName::from_static("x-brand");
    let branded = token("two").with_header(name.clone(), "B1").unwrap();
    let source = Scripted::with("https://api.example", [Ok(token("one")), Ok(branded)]).warm();
    let api = plan(&[401]);
    let mut auth = AuthLayer::new(Arc::clone(&source)).layer(api.clone());
    let mut request = get(API, body());
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static("mine"));
    assert_eq!(send(&mut auth, request).unwrap().status(), 401);
    assert_eq!((api.seen().len(), source.rejected().len()), (1, 1));
}
