//! An hour of ten thousand tenants.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{
    Cached, Clock, Error, Exchange, ExchangeLimit, Grant, Held, Peek, Policy, Tenants, TokenSet,
    TokenSource,
};
use auth_testkit::{ManualClock, token};

use super::{origins, seconds, until};

const TENANTS: u32 = 10_000;
const MOST: NonZeroUsize = NonZeroUsize::new(TENANTS as usize).unwrap();
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(20).unwrap();
const LIFETIME: Duration = Duration::from_secs(300);
/// How often each tenant has a request. More often would show no more than this, and take an unoptimized test longer.
const STEP: Duration = Duration::from_secs(14);

/// What the token endpoint saw.
struct Endpoint {
    clock: ManualClock,
    book: Mutex<Book>,
}

struct Book {
    now: usize,
    most: usize,
    done: usize,
    /// When each tenant had its exchanges, on the monotonic clock.
    times: Vec<Vec<Duration>>,
}

struct Login(u32, Arc<Endpoint>);

#[async_trait]
impl Grant for Login {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let Self(number, endpoint) = self;
        {
            let mut book = endpoint.book.lock().unwrap();
            book.now += 1;
            book.most = book.most.max(book.now);
            book.times[*number as usize].push(ctx.clock.monotonic());
        }
        // Long enough for as many others to come as are let in.
        tokio::task::yield_now().await;
        let mut book = endpoint.book.lock().unwrap();
        (book.now, book.done) = (book.now - 1, book.done + 1);
        Ok(TokenSet::new(token("access", LIFETIME, &endpoint.clock)))
    }
}

#[tokio::test]
async fn load_5_ten_thousand_tenants_are_renewed_on_schedule_by_twenty_exchanges_at_a_time() {
    let (clock, limit) = (ManualClock::new(), ExchangeLimit::new(AT_ONCE));
    let endpoint = Arc::new(Endpoint {
        clock: clock.clone(),
        book: Mutex::new(Book {
            now: 0,
            most: 0,
            done: 0,
            times: vec![Vec::new(); TENANTS as usize],
        }),
    });
    let (of, shared) = (Arc::clone(&endpoint), limit.clone());
    let tenants = Tenants::new(MOST, move |number: &u32| {
        let builder = Cached::builder(Login(*number, Arc::clone(&of)), origins())
            .clock(of.clock.clone())
            .policy(Policy::default());
        Ok(builder.limit(shared.clone()).build())
    });

    let (mut held, mut started) = (Vec::new(), 0);
    held.resize_with(TENANTS as usize, Held::new);
    while clock.monotonic() <= seconds(3600) {
        for (number, held) in (0..TENANTS).zip(&mut held) {
            let source = tenants.get(&number).unwrap();
            let look = source.peek(held);
            started += usize::from(look != Peek::Ready);
            match look {
                Peek::Ready => {}
                Peek::Renew => source.renew(),
                Peek::Absent => {
                    assert!(clock.monotonic().is_zero(), "{number} has to wait");
                    tokio::spawn(async move { source.token().await.map(drop) });
                }
            }
        }
        let done = async || {
            let done = endpoint.book.lock().unwrap().done;
            done >= started && limit.in_flight() == 0
        };
        until("all that was begun is done", done).await;
        clock.advance(STEP);
    }

    let book = endpoint.book.lock().unwrap();
    assert_eq!(book.most, AT_ONCE.get(), "and not one more at a time");
    // A fifth before its end, up to a tenth of that earlier, and as late as the next request comes.
    let schedule = seconds(234)..=seconds(240) + STEP;
    for (number, times) in book.times.iter().enumerate() {
        let mut lives = times.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(
            lives.all(|life| schedule.contains(&life)),
            "{number}: {times:?}"
        );
        assert!(
            *times.last().unwrap() + LIFETIME > seconds(3600),
            "{number}"
        );
    }
    assert_eq!(tenants.len(), TENANTS as usize);
}
