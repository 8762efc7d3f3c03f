//! Who goes first where exchanges are limited.

use std::sync::{Arc, Mutex};

use auth_core::{Cached, Clock, Error, ExchangeLimit, Token, TokenSet, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant, token};
use tokio::task::JoinHandle;

use super::{
    HOUR, access, builder, policy, seconds,
    tenants_limit::{in_line, limit, limited, queued},
    until,
};

#[tokio::test]
async fn callers_go_before_renewals_and_none_that_comes_later_before_a_renewal_that_is_due() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut patient = policy();
    patient.exchange_timeout = 2 * HOUR;
    let source = |name: &'static str| {
        let (grant, order) = (ScriptedGrant::new(), Arc::clone(&order));
        grant.always(move |ctx| {
            order.lock().unwrap().push(name);
            Ok(TokenSet::new(token(name, HOUR, &ctx.clock)))
        });
        if name == "holder" {
            grant.waits(&gate);
        }
        let builder = builder(&grant, &clock).policy(patient.clone());
        builder.limit(limit.clone()).build()
    };
    let renews = source("renews");
    renews.warm_up().await.unwrap();
    clock.advance(HOUR - seconds(300));

    let holder = source("holder");
    let holder = tokio::spawn(async move { access(&holder).await });
    gate.until_waiting(1).await;
    // Its token is good for another 270 s, up to the mandatory window.
    renews.renew();
    in_line(&limit, 1).await;
    let early = queued(&source("early"), &limit).await;
    let second = queued(&source("second"), &limit).await;
    clock.advance(seconds(271));
    let late = queued(&source("late"), &limit).await;

    gate.open();
    holder.await.unwrap();
    for caller in [early, second, late] {
        caller.await.unwrap().unwrap();
    }
    let expected = ["renews", "holder", "early", "second", "renews", "late"];
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_renewal_whose_token_is_refused_while_it_waits_goes_with_the_callers() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let (renewed, before) = (ScriptedGrant::new(), Arc::new(Mutex::new(0)));
    renewed.issues("refused", HOUR).issues("renewed", HOUR);
    let renews = limited(&renewed, &clock, &limit);
    renews.warm_up().await.unwrap();
    clock.advance(HOUR - seconds(300));
    let slow = ScriptedGrant::new();
    slow.waits(&gate).issues("slow", HOUR);
    let mut patient = policy();
    patient.exchange_timeout = 2 * HOUR;
    let slow = builder(&slow, &clock).policy(patient).limit(limit.clone());
    let slow = slow.build();
    let slow = tokio::spawn(async move { access(&slow).await });
    gate.until_waiting(1).await;
    let (refused, began) = (renews.token().await.unwrap(), clock.monotonic());
    in_line(&limit, 1).await;

    renews.reject(&refused);
    clock.until_deadline(began + seconds(1)).await;
    clock.advance(seconds(1));
    // It looks up, and takes another place in the line, where it waits to the end.
    let end = began + policy().exchange_timeout;
    let anew = async || clock.deadlines().contains(&end);
    until("the renewal stands in line anew", anew).await;
    clock.advance(seconds(1));
    let (late, of, seen) = (ScriptedGrant::new(), renewed.clone(), Arc::clone(&before));
    late.always(move |ctx| {
        *seen.lock().unwrap() = of.calls();
        Ok(TokenSet::new(token("late", HOUR, &ctx.clock)))
    });
    let late = queued(&limited(&late, &clock, &limit), &limit).await;
    gate.open();
    slow.await.unwrap();
    late.await.unwrap().unwrap();
    assert_eq!(*before.lock().unwrap(), 2, "a later caller overtook");
}

/// Takes the only place with an exchange that lasts until the gate opens.
async fn occupy(
    limit: &ExchangeLimit,
    clock: &ManualClock,
    gate: &Gate,
) -> JoinHandle<Result<Token, Error>> {
    let grant = ScriptedGrant::new();
    grant.waits(gate).issues("slow", HOUR);
    let slow = limited(&grant, clock, limit);
    let slow = tokio::spawn(async move { slow.token().await });
    gate.until_waiting(1).await;
    slow
}

type Order = Arc<Mutex<Vec<&'static str>>>;

/// A source that notes its name with each exchange.
fn noting(name: &'static str, order: &Order, clock: &ManualClock, limit: &ExchangeLimit) -> Cached {
    let (grant, order) = (ScriptedGrant::new(), Arc::clone(order));
    grant.always(move |ctx| {
        order.lock().unwrap().push(name);
        Ok(TokenSet::new(token(name, HOUR, &ctx.clock)))
    });
    limited(&grant, clock, limit)
}

#[tokio::test]
async fn a_renewal_that_looks_up_keeps_its_place_in_the_line() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let order = Order::default();
    let [first, second] = ["first", "second"].map(|name| noting(name, &order, &clock, &limit));
    for source in [&first, &second] {
        source.warm_up().await.unwrap();
    }
    clock.advance(HOUR - seconds(300));
    let slow = occupy(&limit, &clock, &gate).await;
    let (began, half) = (clock.monotonic(), seconds(1) / 2);
    first.renew();
    clock.until_deadline(began + seconds(1)).await;
    clock.advance(half);
    second.renew();
    clock.until_deadline(began + half + seconds(1)).await;
    clock.advance(half);
    // The first one finds that it can still wait, and the second one has not looked yet.
    clock.until_deadline(began + seconds(2)).await;
    gate.open();
    slow.await.unwrap().unwrap();
    for source in [&first, &second] {
        while source.status().renewing {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(order.lock().unwrap()[2..], ["first", "second"]);
}

#[tokio::test]
async fn who_asks_for_a_renewal_stands_in_line_like_a_caller_however_good_the_token_is() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let order = Order::default();
    let [asks, calls] = ["asks", "calls"].map(|name| noting(name, &order, &clock, &limit));
    asks.warm_up().await.unwrap();
    let slow = occupy(&limit, &clock, &gate).await;
    let asking = tokio::spawn(async move { asks.renew_now().await });
    in_line(&limit, 1).await;
    let calling = queued(&calls, &limit).await;
    gate.open();
    for waits in [slow, asking, calling] {
        waits.await.unwrap().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["asks", "asks", "calls"]);
}

#[tokio::test]
async fn whoever_needs_a_token_now_is_woken_by_the_place_and_by_nothing_before() {
    let (clock, limit, gate) = (ManualClock::new(), limit(1), Gate::new());
    let slow = occupy(&limit, &clock, &gate).await;
    let grant = ScriptedGrant::new();
    grant.issues("next", HOUR);
    let next = queued(&limited(&grant, &clock, &limit), &limit).await;
    assert_eq!(clock.next_deadline(), Some(policy().exchange_timeout));
    gate.open();
    for waits in [slow, next] {
        waits.await.unwrap().unwrap();
    }
}
