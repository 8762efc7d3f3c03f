//! A limit on the exchanges with one endpoint, and who goes first.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{
    Cached, Clock, Error, ErrorKind, Exchange, ExchangeLimit, Grant, LIMIT_TIMEOUT, State, Token,
    TokenSet, TokenSource,
};
use auth_testkit::{Gate, ManualClock, ScriptedGrant, token};
use tokio::{runtime::Builder, task::JoinHandle};

use super::{HOUR, access, builder, origins, policy, seconds, until};

const TAKES: Duration = Duration::from_millis(100);

pub(super) fn limit(most: usize) -> ExchangeLimit {
    ExchangeLimit::new(NonZeroUsize::new(most).unwrap())
}

pub(super) fn limited(grant: &ScriptedGrant, clock: &ManualClock, limit: &ExchangeLimit) -> Cached {
    builder(grant, clock).limit(limit.clone()).build()
}

/// Starts to ask for a token, and returns once the source stands in line.
pub(super) async fn queued(
    source: &Cached,
    limit: &ExchangeLimit,
) -> JoinHandle<Result<Token, Error>> {
    let (source, before) = (source.clone(), limit.waiting());
    let asking = tokio::spawn(async move { source.token().await });
    in_line(limit, before + 1).await;
    asking
}

pub(super) async fn in_line(limit: &ExchangeLimit, count: usize) {
    let reached = async || limit.waiting() == count;
    until(&format!("{count} stand in line"), reached).await;
}

/// An endpoint that needs a tenth of a second for an exchange, and remembers who came when.
#[derive(Clone)]
struct Endpoint {
    clock: ManualClock,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    order: Vec<usize>,
    now: usize,
    most: usize,
}

impl Endpoint {
    fn new(clock: &ManualClock) -> Self {
        Self {
            clock: clock.clone(),
            book: Arc::default(),
        }
    }

    fn begun(&self) -> usize {
        self.book.lock().unwrap().order.len()
    }
}

struct Asks(usize, Endpoint);

#[async_trait]
impl Grant for Asks {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let Self(number, Endpoint { clock, book }) = self;
        {
            let mut book = book.lock().unwrap();
            book.order.push(*number);
            book.now += 1;
            book.most = book.most.max(book.now);
        }
        clock.sleep_until(clock.monotonic() + TAKES).await;
        book.lock().unwrap().now -= 1;
        Ok(TokenSet::new(token("access", HOUR, &ctx.clock)))
    }
}

#[tokio::test]
async fn a_storm_of_a_thousand_tenants_keeps_to_the_limit_and_to_the_order_of_arrival() {
    let (clock, limit) = (ManualClock::new(), limit(20));
    let endpoint = Endpoint::new(&clock);
    let tenants: Vec<_> = (0..1_000)
        .map(|number| {
            let source = Cached::builder(Asks(number, endpoint.clone()), origins())
                .clock(clock.clone())
                .policy(policy())
                .limit(limit.clone())
                .build();
            tokio::spawn(async move { source.token().await.map(drop) })
        })
        .collect();
    for round in 1..=50 {
        in_line(&limit, 1_000 - 20 * round).await;
        let begun = async || endpoint.begun() >= 20 * round;
        until("those who left the line have begun", begun).await;
        clock.advance(TAKES);
    }
    for tenant in tenants {
        tenant.await.unwrap().unwrap();
    }
    let book = endpoint.book.lock().unwrap();
    assert_eq!(book.most, 20);
    assert!(book.order.is_sorted(), "a later tenant overtook");
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}

#[tokio::test]
async fn a_hanging_exchange_keeps_one_place_until_its_time_is_over() {
    let (clock, limit, gate) = (ManualClock::new(), limit(2), Gate::new());
    let hanging = ScriptedGrant::new();
    hanging.waits(&gate).issues("never", HOUR);
    let hanging = limited(&hanging, &clock, &limit);
    let hangs = tokio::spawn(async move { hanging.token().await });
    gate.until_waiting(1).await;
    for _ in 0..100 {
        let grant = ScriptedGrant::new();
        grant.issues("quick", HOUR);
        assert_eq!(access(&limited(&grant, &clock, &limit)).await, "quick");
    }
    assert_eq!(limit.in_flight(), 1);
    clock.advance(policy().exchange_timeout);
    assert!(hangs.await.unwrap().is_err());
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn a_grant_that_panics_gives_its_place_back() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let grant = ScriptedGrant::new();
    grant.waits(&gate).panics();
    let panics = limited(&grant, &clock, &limit);
    let panics = tokio::spawn(async move { panics.token().await });
    gate.until_waiting(1).await;
    let grant = ScriptedGrant::new();
    grant.issues("next", HOUR);
    let next = queued(&limited(&grant, &clock, &limit), &limit).await;
    gate.open();
    assert!(panics.await.unwrap().is_err());
    assert!(next.await.unwrap().is_ok());
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn a_runtime_that_ends_gives_back_its_places_and_leaves_the_line() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    // Whoever is on the one that ends has no turn any more, so its end comes to all of them at once.
    let runtime = || Builder::new_current_thread().build().unwrap();
    let (ends, stays) = (runtime(), runtime());
    let grants = [(); 3].map(|()| ScriptedGrant::new());
    for grant in &grants {
        grant.always(|ctx| Ok(TokenSet::new(token("access", HOUR, &ctx.clock))));
    }
    grants[0].waits(&gate);
    let [hanging, behind, waiting] = grants
        .each_ref()
        .map(|grant| limited(grant, &clock, &limit));
    let _ends = ends.block_on(async {
        let hangs = tokio::spawn(async move { hanging.token().await });
        gate.until_waiting(1).await;
        [hangs, queued(&behind, &limit).await]
    });
    let waiting = stays.block_on(queued(&waiting, &limit));
    assert_eq!((limit.in_flight(), limit.waiting()), (1, 2));
    drop(ends);
    assert!(stays.block_on(waiting).unwrap().is_ok());
    let nobody = async || limit.in_flight() + limit.waiting() == 0;
    stays.block_on(until("every place is free, and nobody in line", nobody));
    let calls = grants.map(|grant| grant.calls());
    assert_eq!(calls, [1, 0, 1], "who left the line exchanges no more");
}

#[tokio::test]
async fn who_waits_too_long_fails_by_name_and_backs_off() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let (hangs, grant) = (ScriptedGrant::new(), ScriptedGrant::new());
    hangs.waits(&gate).issues("slow", HOUR);
    grant.issues("late", HOUR);
    let slow = limited(&hangs, &clock, &limit);
    let slow = tokio::spawn(async move { access(&slow).await });
    gate.until_waiting(1).await;
    let mut hasty = policy();
    hasty.exchange_timeout = seconds(10);
    let source = builder(&grant, &clock)
        .policy(hasty)
        .limit(limit.clone())
        .build();
    let waits = queued(&source, &limit).await;
    clock.advance(seconds(10));
    let error = waits.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), Some(LIMIT_TIMEOUT));
    assert_eq!(limit.waiting(), 0);
    let status = source.status();
    assert_eq!(status.state, State::Failed);
    // The same error until the pause is over, and nobody stands in line again before.
    assert_eq!(
        source.token().await.unwrap_err().code(),
        Some(LIMIT_TIMEOUT)
    );
    assert_eq!(grant.calls(), 0);
    gate.open();
    assert_eq!(slow.await.unwrap(), "slow");
    clock.advance(status.next_attempt.unwrap());
    assert_eq!(access(&source).await, "late");
}
