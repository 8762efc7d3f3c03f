//! The types of `auth-tower` and `auth-reqwest`, with requests and answers under way.

use std::{convert::Infallible, sync::Arc};

use auth_core::{Origins, TokenSource};
use auth_reqwest::{AuthMiddleware, HttpService, ReplayBody, ReqwestTransport};
use auth_testkit::{FailingSource, StaticSource};
use auth_tower::{
    Answer, AuthError, AuthLayer, BoxError, Known, Never, NoAuth, PeekBodyLayer, RecordBody,
    Replay, ReplayWith, RequestHead, TowerTransport, peek::Peeked, replay::Recording, route,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use tower::{Layer, Service, service_fn};

use super::{Shown, core};
use crate::secrets::Planted;

type Boxed = UnsyncBoxBody<Bytes, Infallible>;

/// A service that answers with what it was sent; its own `Debug` has nothing to show.
#[derive(Clone, Copy, Debug)]
struct Echo(StatusCode);

impl<B: http_body::Body> Service<Request<B>> for Echo {
    type Response = Response<B>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<B>, BoxError>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut answer = Response::new(request.into_body());
        *answer.status_mut() = self.0;
        std::future::ready(Ok(answer))
    }
}

fn origins() -> Origins {
    Origins::parse("https://api.example").unwrap()
}

fn source(planted: &Planted) -> StaticSource {
    StaticSource::new(core::token(planted), origins())
}

fn request<B>(planted: &Planted, body: B) -> Request<B> {
    Request::post(format!("https://api.example/?key={}", planted.api_key))
        .header("x-own", &planted.api_key)
        .body(body)
        .unwrap()
}

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let secret = Bytes::from(planted.password.clone());
    let head = request(planted, ());
    shown.show(&RequestHead::of(&head));
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    answer
        .headers_mut()
        .insert("set-cookie", planted.api_key.parse().unwrap());
    shown.show(&Answer::of(&answer));

    let layer = AuthLayer::new(source(planted));
    shown.show(&layer);
    let watching = AuthLayer::new(source(planted)).watch_trailers();
    shown.show(&watching);
    let mut watched = watching.layer(Echo(StatusCode::OK));
    shown.show(&watched);
    let future = watched.call(request(planted, Full::new(secret.clone())));
    shown.show(&future);
    shown.show(future.await.unwrap().body());

    let mut auth = layer.layer(Echo(StatusCode::UNAUTHORIZED));
    shown.show(&auth);
    let future = auth.call(request(planted, Full::new(secret.clone())));
    shown.show(&future);
    let outcome = future.await;
    shown
        .surfaces
        .debug("an answer", &outcome.map(|answer| answer.status()));
    let failing = FailingSource::new(
        auth_core::Error::new(auth_core::ErrorKind::Unavailable, "made up"),
        origins(),
    );
    let mut auth = AuthLayer::new(failing).layer(Echo(StatusCode::OK));
    let error = auth
        .call(request(planted, Full::new(secret.clone())))
        .await
        .unwrap_err();
    shown.show(AuthError::find(&*error).expect("it is ours"));

    let peek = PeekBodyLayer::new(8, |_| true);
    shown.show(&peek);
    let mut peeking = peek.layer(Echo(StatusCode::OK));
    shown.show(&peeking);
    let future = peeking.call(request(planted, Full::new(secret.clone())));
    shown.show(&future);
    let answer = future.await.unwrap();
    shown.show(answer.body());
    shown.show(answer.extensions().get::<Peeked>().expect("it was read"));

    let record = RecordBody::new(64, |body: Recording<Boxed>| Boxed::new(Shy(body)));
    shown.show(&record);
    let (body, tape) = record.split(Full::new(secret.clone()).boxed_unsync());
    shown.show(&tape.expect("it is kept"));
    // The recording stands inside of the box, whose `Debug` does not reach it.
    let bare = RecordBody::new(64, |body: Recording<Boxed>| {
        SHOWN.set(format!("{body:?} {body:#?}"));
        Boxed::new(body)
    });
    drop(bare.split(body));
    shown
        .surfaces
        .text("Debug of auth_tower::Recording", SHOWN.take());
    shown.names.insert("auth_tower::Recording".to_owned());

    shown.show(&Known);
    shown.show(&Never);
    shown.show(&NoAuth);
    shown.show(&ReplayWith(|body: &Bytes| Some(body.clone())));
    let any: Arc<dyn TokenSource> = Arc::new(source(planted));
    shown.show(&route::by_origin([Arc::clone(&any)]));
    shown.show(&route::by(move |_: &RequestHead<'_>| Ok(Arc::clone(&any))));
    shown.show(&TowerTransport::new(service_fn(
        async |_: Request<Full<Bytes>>| Ok::<_, BoxError>(Response::new(Empty::<Bytes>::new())),
    )));

    shown.show(&AuthMiddleware::new(source(planted)));
    shown.show(&ReplayBody);
    shown.show(&ReqwestTransport::builder());
    shown.show(&ReqwestTransport::new().unwrap());
    let mut http = HttpService::new().unwrap();
    shown.show(&http);
    shown.show(&http.call(request(planted, Full::new(secret))));
}

thread_local! {
    static SHOWN: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// A body that is one of the client's own.
struct Shy(Recording<Boxed>);

impl http_body::Body for Shy {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}
