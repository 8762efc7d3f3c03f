//! Runtimes that end, and calls outside of any.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use auth_core::{CachedBuilder, ErrorKind, Held, MemoryStore, Peek, Sent, StoreKey, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant};
use tokio::runtime::{Builder, Runtime};

use super::{HOUR, access, builder, seconds, until};

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

#[test]
fn fault_39_a_runtime_that_ends_during_an_exchange_wakes_everybody() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .waits(&gate)
        .issues("lost", HOUR)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    let first = runtime();
    // The waiter lives on another runtime than the exchange.
    let second = runtime();
    first.block_on(async {
        let leader = source.clone();
        tokio::spawn(async move { leader.token().await });
        gate.until_waiting(1).await;
    });
    let mut waiter = Box::pin({
        let source = source.clone();
        async move { source.token().await }
    });
    assert!(poll_once(&mut waiter).is_pending());
    let waiter = second.spawn(waiter);
    first.shutdown_background();
    let error = second.block_on(waiter).unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, Sent::Maybe)
    );
    assert_eq!(second.block_on(access(&source)), "second");
}

#[test]
fn fault_40_a_second_runtime_uses_what_the_first_one_left() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR).issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    assert_eq!(runtime().block_on(access(&source)), "first");
    assert_eq!(runtime().block_on(access(&source)), "first");
    clock.advance(HOUR);
    assert_eq!(runtime().block_on(access(&source)), "second");
}

#[test]
fn outside_a_runtime_a_held_token_is_served_and_a_missing_one_is_an_error() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.issues("first", HOUR);
    let source = builder(&grant, &clock).build();
    let Poll::Ready(Err(error)) = poll_once(&mut Box::pin(source.token())) else {
        panic!("expected an error at once");
    };
    assert!(error.to_string().contains("Tokio runtime"));

    runtime().block_on(source.warm_up()).unwrap();
    let mut held = Held::new();
    assert_eq!(source.peek(&mut held), Peek::Ready);
    clock.advance(HOUR - seconds(60));
    assert_eq!(source.peek(&mut held), Peek::Renew);
    source.renew();
    assert_eq!(grant.calls(), 1);
}

#[test]
fn an_idle_source_owns_no_task() {
    let with_store = |builder: CachedBuilder| {
        let key = StoreKey::new(["story", "idle"]);
        builder.store(MemoryStore::new(), key)
    };
    let sources: [fn(CachedBuilder) -> CachedBuilder; 2] = [|builder| builder, with_store];
    for connect in sources {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.rotates_to("first", HOUR, "refresh");
        let runtime = runtime();
        let source = connect(builder(&grant, &clock)).build();
        runtime.block_on(source.warm_up()).unwrap();
        let none = async || runtime.metrics().num_alive_tasks() == 0;
        runtime.block_on(until("no task is left", none));
        assert_eq!(clock.sleepers(), 0, "and nothing waits for the clock");
    }
}

#[test]
fn a_program_that_awaits_an_idle_source_loses_no_renewal() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let (store, key) = (MemoryStore::new(), StoreKey::new(["story", "end"]));
    let source = builder(&grant, &clock).store(store, key).build();
    let runtime = runtime();
    let mut idle = Box::pin(source.idle());
    assert!(poll_once(&mut idle).is_ready(), "nothing is under way");
    runtime.block_on(source.warm_up()).unwrap();
    clock.advance(HOUR - seconds(60));
    runtime.block_on(async {
        assert_eq!(access(&source).await, "first");
        gate.until_waiting(1).await;
    });
    let mut idle = Box::pin(source.idle());
    assert!(poll_once(&mut idle).is_pending());
    gate.open();
    runtime.block_on(idle);
    runtime.shutdown_background();
    assert_eq!(self::runtime().block_on(access(&source)), "second");
    assert_eq!(grant.calls(), 2);
}

fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}
