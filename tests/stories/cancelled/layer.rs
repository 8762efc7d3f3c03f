//! The future of a request, dropped in each of its states.

use std::{
    collections::BTreeSet,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use auth_core::{Cached, Origins, TokenSource};
use auth_testkit::{Acceptor, Resource};
use auth_tower::{AuthLayer, BoxError, Never, route::by_origin};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower::Layer;
use tower_service::Service;

use super::{
    MOST, drop_after, ends,
    flows::Book,
    idle,
    scene::in_order,
    stepped::{STEPS, SteppedClient, read},
    until_tasks,
};

pub(super) const BODY: &str = "a made-up body that must arrive whole";

/// What is there before the request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before {
    Nothing,
    GoodToken,
    /// In the advisory window: the request goes out with the token and gets a renewal going.
    AgingToken,
    EndedToken,
    /// The server knows better than the source.
    DeadToken,
    /// Nothing, and the first token that comes is refused.
    NothingGood,
}

/// Each with the states that a request then goes through, and how many exchanges there are until a later request is
/// answered well.
const TABLE: [(Before, &[&str], usize); 6] = [
    (Before::Nothing, &[WAITING, SENT], 1),
    (Before::GoodToken, &[SENT], 0),
    (Before::AgingToken, &[SENT], 1),
    (Before::EndedToken, &[WAITING, SENT], 1),
    (Before::DeadToken, &[SENT, REFUSED, AGAIN], 1),
    (Before::NothingGood, &[WAITING, SENT, REFUSED, AGAIN], 2),
];
const SENT: &str = "sent";
const WAITING: &str = "waiting for a token";
const REFUSED: &str = "waiting for another token";
const AGAIN: &str = "waiting to send again";

#[tokio::test]
async fn a_request_with_the_layers_own_source_loses_nothing() {
    for (before, states, exchanges) in TABLE {
        let seen = dropped_everywhere(before, exchanges, |world| {
            let layer = AuthLayer::new(world.source.clone());
            let request = world.request(|| Full::from(BODY));
            calls(world, layer.layer(world.client()), request, well)
        });
        assert_eq!(seen.await, set(states), "{before:?}");
    }
}

#[tokio::test]
async fn a_request_with_a_source_of_its_own_loses_nothing() {
    for (before, states, exchanges) in TABLE {
        let seen = dropped_everywhere(before, exchanges, |world| {
            let own: Arc<dyn TokenSource> = world.source.clone().into();
            // The route has a source for nothing.
            let layer = AuthLayer::routed(by_origin([]));
            let request = world.request(|| Full::from(BODY));
            let request = move || {
                let mut request = request();
                request.extensions_mut().insert(Arc::clone(&own));
                request
            };
            calls(world, layer.layer(world.client()), request, well)
        });
        assert_eq!(seen.await, set(states), "{before:?}");
    }
}

/// Without a replay the caller gets the refusal, and the next request another token.
#[tokio::test]
async fn a_request_that_is_not_replayed_loses_nothing() {
    let seen = dropped_everywhere(Before::DeadToken, 1, |world| {
        let layer = AuthLayer::new(world.source.clone()).replay(Never);
        let request = world.request(|| Full::from(BODY));
        calls(world, layer.layer(world.client()), request, well)
    });
    assert_eq!(seen.await, set(&[SENT]));
}

fn set(states: &[&str]) -> BTreeSet<String> {
    states.iter().map(|state| (*state).to_owned()).collect()
}

fn well(answer: &Answered) -> bool {
    answer.status == StatusCode::OK && !answer.body.is_empty()
}

/// An issuer, a resource, and a source between them.
pub(super) struct World {
    pub(super) book: Book,
    pub(super) resource: Resource,
    pub(super) source: Cached,
    states: Arc<Mutex<BTreeSet<String>>>,
}

impl World {
    pub(super) async fn start(before: Before) -> Self {
        let book = Book::start().await;
        let clock = Arc::new(book.stage.clock.clone());
        let issuer = Arc::clone(&book.emulator);
        let accepts: Acceptor = match before {
            Before::NothingGood => Arc::new(move |token| {
                let issued = issuer.access_tokens();
                issued.iter().skip(1).any(|own| own.expose() == token)
            }),
            _ => book.emulator.acceptor(),
        };
        let resource = Resource::start(clock, accepts).await;
        let resource = resource.unwrap();
        resource.ledger().issuer(book.emulator.ledger());
        let origins = Origins::parse(&resource.base_url()).unwrap();
        let world = Self {
            source: book.over(book.grant(), origins).build(),
            book,
            resource,
            states: Arc::default(),
        };
        world.prepare(before).await;
        world
    }

    async fn prepare(&self, before: Before) {
        let clock = &self.book.stage.clock;
        match before {
            Before::Nothing | Before::NothingGood => {}
            _ => self.source.warm_up().await.unwrap(),
        }
        match before {
            Before::AgingToken => clock.advance(Duration::from_secs(245)),
            Before::EndedToken => clock.advance(Duration::from_secs(300)),
            Before::DeadToken => self.book.emulator.expire_all_access_tokens(),
            _ => {}
        }
    }

    /// Returns what makes requests for the resource.
    pub(super) fn request<Q: 'static>(&self, body: fn() -> Q) -> impl Fn() -> Request<Q> + 'static {
        let address = format!("{}/things", self.resource.base_url());
        move || Request::post(&address).body(body()).unwrap()
    }

    pub(super) fn client(&self) -> SteppedClient {
        SteppedClient::new(self.resource.server().in_memory().steps(STEPS))
    }
}

/// What came of one call.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    pub(super) trailers: Option<HeaderMap>,
}

/// Makes one call after another through the same handle; the answer is whether all is well.
pub(super) type Calls = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<bool, BoxError>>>>>;

pub(super) fn calls<S, Q, R>(
    world: &World,
    service: S,
    request: impl Fn() -> Request<Q> + 'static,
    well: fn(&Answered) -> bool,
) -> Calls
where
    S: Service<Request<Q>, Response = Response<R>, Error = BoxError> + 'static,
    S::Future: fmt::Debug,
    Q: 'static,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    let service = Arc::new(Mutex::new(service));
    let states = Arc::clone(&world.states);
    Box::new(move || {
        let (service, states) = (Arc::clone(&service), Arc::clone(&states));
        let request = request();
        Box::pin(async move {
            let service = || service.lock().unwrap_or_else(PoisonError::into_inner);
            poll_fn(|cx| service().poll_ready(cx)).await?;
            let future = Box::pin(service().call(request));
            let (head, body) = Watched { future, states }.await?.into_parts();
            let (body, trailers) = read(body).await?;
            Ok(well(&Answered {
                status: head.status,
                body,
                trailers,
            }))
        })
    })
}

/// A future whose states are noted, one for each poll that it waits at.
struct Watched<F> {
    future: Pin<Box<F>>,
    states: Arc<Mutex<BTreeSet<String>>>,
}

impl<F: Future + fmt::Debug> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.future.as_mut().poll(cx);
        if polled.is_pending() {
            let shown = format!("{:?}", self.future);
            let state = shown.split('"').nth(1).unwrap_or(&shown).to_owned();
            self.states.lock().unwrap().insert(state);
        }
        polled
    }
}

/// Drops a call after each of its polls, and judges by what a later one meets. Returns the states that were met.
#[expect(clippy::future_not_send, reason = "a story is played on one thread")]
pub(super) async fn dropped_everywhere(
    before: Before,
    exchanges: usize,
    stack: impl Fn(&World) -> Calls,
) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    for polls in 0..MOST {
        let at = format!("{before:?}, dropped after poll {polls}");
        let world = World::start(before).await;
        let call = stack(&world);
        let ledger = world.book.emulator.ledger();
        let (idle, sent) = (idle().await, ledger.requests());
        let outcome = drop_after(polls, call()).await;
        until_tasks(idle, &at).await;
        met.append(&mut world.states.lock().unwrap());
        // What nobody saw refused is refused once more, and where nothing can be replayed the caller is told.
        let mut later = false;
        for _ in 0..2 {
            later = later || ends(call(), &at).await.unwrap();
        }
        assert!(later, "{at}: the layer stays wedged");
        until_tasks(idle, &at).await;
        assert_eq!(ledger.requests() - sent, exchanges, "{at}");
        let newest = world.book.emulator.refresh_tokens().pop().unwrap();
        let stored = world.book.stage.stored().await;
        assert!(
            stored.as_deref() == Some(newest.expose()),
            "{at}: a refresh token was lost"
        );
        in_order(ledger, &at);
        assert_eq!(world.resource.ledger().secrets_out_of_place(), [], "{at}");
        let bodies = world.resource.bodies();
        assert!(
            bodies.iter().all(|body| body == BODY),
            "{at}: a body was cut"
        );
        if outcome.is_some() {
            return met;
        }
    }
    panic!("{before:?}: it does not end");
}
