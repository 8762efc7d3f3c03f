//! Authenticated requests with `tower-http` tracing on both sides of the layer that adds the token.

use std::{error::Error, sync::Arc};

use auth_core::{Cached, Error as AuthFailure, ErrorKind, Origins, Secret, TokenSource};
use auth_reqwest::{AuthMiddleware, HttpService};
use auth_testkit::{ManualClock, Resource, ScriptedGrant, StaticSource};
use auth_tower::{AuthLayer, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_http::{
    classify::{ServerErrorsAsFailures, SharedClassifier},
    trace::{DefaultMakeSpan, DefaultOnRequest, DefaultOnResponse, TraceLayer},
};
use tracing::Level;

use super::{Planted, Surfaces, assert_silent, log::Log};

/// Logs all that it can: address, every header, every status.
fn trace() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http()
        .make_span_with(
            DefaultMakeSpan::new()
                .level(Level::TRACE)
                .include_headers(true),
        )
        .on_request(DefaultOnRequest::new().level(Level::TRACE))
        .on_response(
            DefaultOnResponse::new()
                .level(Level::TRACE)
                .include_headers(true),
        )
}

/// A resource that takes the planted token.
async fn resource(planted: &Planted) -> Resource {
    let access = planted.access.clone();
    let clock = Arc::new(ManualClock::new());
    let resource = Resource::start(clock, Arc::new(move |token| token == access)).await;
    resource.unwrap()
}

fn source(planted: &Planted, resource: &Resource) -> StaticSource {
    let token = auth_core::Token::bearer(planted.access.as_str().into()).unwrap();
    // A second header, as providers have them, is as secret as the first.
    let key = http::HeaderName::from_static("x-second-key");
    let token = token.with_header(key, &planted.api_key).unwrap();
    StaticSource::new(token, Origins::parse(&resource.base_url()).unwrap())
}

fn request(resource: &Resource, path: &str) -> Request<Full<Bytes>> {
    let body = Full::new(Bytes::from_static(b"things"));
    Request::post(format!("{}{path}", resource.base_url()))
        .body(body)
        .unwrap()
}

/// Sends a request that is taken, one that is refused, and one to a stranger.
async fn calls<S, B>(name: &str, mut service: S, resource: &Resource, surfaces: &mut Surfaces)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body,
{
    let stranger = Request::get("http://127.0.0.1:9/")
        .body(Full::default())
        .unwrap();
    let answers = [("taken", 0), ("refused", usize::MAX)];
    for (what, refuse_next) in answers {
        resource.configure(|knobs| knobs.refuse_next = refuse_next);
        let sent = service.ready().await.map_err(Into::into).unwrap();
        match sent
            .call(request(resource, "/things"))
            .await
            .map_err(Into::into)
        {
            Ok(answer) => {
                surfaces.debug(
                    &format!("{name}, {what}"),
                    &(answer.status(), answer.headers()),
                );
                let _ = answer.into_body().collect().await;
            }
            Err(error) => surfaces.error(&format!("{name}, {what}"), &*error),
        }
    }
    let sent = service.ready().await.map_err(Into::into).unwrap();
    let error = sent
        .call(stranger)
        .await
        .err()
        .expect("a stranger gets no token")
        .into();
    surfaces.error(&format!("{name}, stranger"), &*error);
}

#[tokio::test]
async fn tracing_on_both_sides_of_the_layer_shows_no_token() {
    let (log, _guard) = Log::start();
    let planted = Planted::of_all_characters();
    let resource = resource(&planted).await;
    let mut surfaces = Surfaces::default();
    let layered = |source: StaticSource| {
        ServiceBuilder::new()
            .layer(trace())
            .layer(AuthLayer::new(source))
            .layer(trace())
    };

    let reqwest = HttpService::new().unwrap();
    let service = layered(source(&planted, &resource)).service(reqwest);
    calls("reqwest", service, &resource, &mut surfaces).await;

    for (name, http2) in [("hyper", false), ("hyper, HTTP/2", true)] {
        let mut client = legacy::Client::builder(TokioExecutor::new());
        let client = client.http2_only(http2).build_http();
        let service = layered(source(&planted, &resource)).service(client);
        calls(name, service, &resource, &mut surfaces).await;
    }

    let taken = resource.requests() - resource.refused();
    assert_eq!(taken, 3, "the token was not sent");
    let text = log.take();
    // The second header stands in the log of the inner side, and the value does not.
    for word in [
        "authorization",
        "x-second-key",
        "Sensitive",
        "reqwest",
        "hyper_util",
        "h2::",
    ] {
        assert!(text.contains(word), "the log has no {word}");
    }
    surfaces.text("log", text);
    assert_silent(&surfaces, &planted.canaries());
}

#[tokio::test]
async fn the_middleware_shows_no_token() {
    let (log, _guard) = Log::start();
    let planted = Planted::of_all_characters();
    let resource = resource(&planted).await;
    let middleware = AuthMiddleware::new(source(&planted, &resource));
    let mut surfaces = Surfaces::default();
    surfaces.debug("the middleware", &middleware);
    let client = auth_reqwest::client_without_redirects(reqwest::Client::builder()).unwrap();
    let client = reqwest_middleware::ClientBuilder::new(client)
        .with(middleware)
        .build();
    let things = format!("{}/things", resource.base_url());
    let answer = client.get(&things).send().await.unwrap();
    surfaces.debug("an answer", &answer);
    resource.configure(|knobs| knobs.refuse_next = usize::MAX);
    surfaces.debug("a refusal", &client.get(&things).send().await);
    for address in ["http://127.0.0.1:9/", "https://other.example/"] {
        let error = client.get(address).send().await.unwrap_err();
        surfaces.error(address, &error);
    }
    assert_eq!(resource.requests() - resource.refused(), 1);
    surfaces.text("log", log.take());
    assert_silent(&surfaces, &planted.canaries());
}

#[tokio::test]
async fn a_failed_login_is_told_without_its_secrets() {
    let (log, _guard) = Log::start();
    let planted = Planted::of_all_characters();
    let resource = resource(&planted).await;
    let grant = ScriptedGrant::new();
    let why = "the endpoint is away";
    grant.always(move |_| Err(AuthFailure::new(ErrorKind::Unavailable, why)));
    let origins = Origins::parse(&resource.base_url()).unwrap();
    let previous = auth_core::TokenSet::login(Secret::from(&*planted.refresh));
    let cached = Cached::builder(grant, origins).previous(previous).build();
    let service = ServiceBuilder::new()
        .layer(trace())
        .layer(AuthLayer::new(cached.clone()))
        .layer(trace())
        .service(HttpService::new().unwrap());
    let outcome = service.oneshot(request(&resource, "/things")).await;
    let error = outcome.err().expect("there is no token");
    let mut surfaces = Surfaces::default();
    surfaces.error("no token", &*error as &(dyn Error + 'static));
    surfaces.error("the source", &cached.token().await.unwrap_err());
    surfaces.text("log", log.take());
    assert_silent(&surfaces, &planted.canaries());
}
