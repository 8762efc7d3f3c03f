//! Faults 41 and 42: a machine that was asleep, and a wall clock that is set, while something is under way.

use auth_core::{
    Cached, Clock, Error, ErrorKind, Intent, MemoryStore, Sent, StoreKey, TokenSet, TokenSource,
    TokenStore,
    store::{BEGUN_ELSEWHERE, save_login},
};
use auth_testkit::ManualClock;
use tokio::task::JoinSet;

use super::front::{BACK, FORWARD, Front, HOUR, Numbered, builder, jumps};
use crate::faults::scene::soon;

const HANDLES: usize = 64;

fn key() -> StoreKey {
    StoreKey::new(["faults", "clocks"])
}

fn seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "made up: the endpoint is away")
}

/// Lets many handles of each source call at once, and returns the tokens they sent.
async fn crowd(fronts: &[Front]) -> Vec<String> {
    let mut calls = JoinSet::new();
    for number in 0..HANDLES {
        let mut front = fronts[number % fronts.len()].clone();
        calls.spawn(async move { front.sends().await });
    }
    let mut sent = soon(calls.join_all()).await;
    sent.sort();
    sent.dedup();
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_41_whoever_calls_when_the_machine_wakes_up_waits_for_one_token() {
    for (name, jump) in FORWARD {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let fronts = [Front::new(&builder(&grant, &clock).build())];
        assert_eq!(crowd(&fronts).await, ["t-1"]);
        jump(&clock);
        assert_eq!(crowd(&fronts).await, ["t-2"], "{name}: the old one is dead");
        assert_eq!(grant.calls(), 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_41_replicas_that_wake_up_together_spend_one_refresh_token() {
    let (grant, store) = (Numbered::new(HOUR), MemoryStore::new());
    // Each machine has clocks of its own, and came up at another time.
    let clocks: Vec<_> = (0..8)
        .map(|up| {
            let clock = ManualClock::new();
            clock.advance(seconds(up));
            clock.turn_wall_back(seconds(up));
            clock
        })
        .collect();
    let fronts: Vec<_> = clocks
        .iter()
        .map(|clock| builder(&grant, clock).store(store.clone(), key()).build())
        .map(|source| Front::new(&source))
        .collect();
    for night in 1..=3 {
        assert_eq!(crowd(&fronts).await, [format!("t-{night}")]);
        assert_eq!(grant.calls(), night);
        clocks.iter().for_each(|clock| clock.suspend(48 * HOUR));
    }
    grant.spent_each_once();
}

#[tokio::test]
async fn fault_42_the_clock_is_set_while_an_exchange_is_up() {
    for (name, jump) in jumps() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let source = builder(&grant, &clock).build();
        let mut front = Front::new(&source);
        grant.gate.close();
        let first = {
            let mut front = front.clone();
            tokio::spawn(async move { front.sends().await })
        };
        soon(grant.gate.until_waiting(1)).await;
        jump(&clock);
        grant.gate.open();
        assert_eq!(soon(first).await.unwrap(), "t-1", "{name}");
        let back = BACK.iter().any(|(own, _)| *own == name);
        // By a clock that went forward it had ended before it came: it is used until the next exchange is due.
        assert_eq!(front.sends().await, "t-1", "{name}");
        assert_eq!(grant.calls(), 1, "{name}: no exchange at once");
        clock.advance(seconds(1));
        let next = if back { "t-1" } else { "t-2" };
        assert_eq!(front.sends().await, next, "{name}");
        // What was asked for after the jump lives as long as ever, and no longer.
        clock.advance(HOUR - seconds(301));
        assert_eq!(front.sends().await, next, "{name}");
        let calls = grant.calls();
        clock.advance(seconds(301));
        assert_ne!(front.sends().await, next, "{name}");
        assert_eq!(grant.calls(), calls + 1, "{name}");
    }
}

#[tokio::test]
async fn fault_42_the_clock_is_set_and_set_right_again() {
    for (name, jump) in jumps() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let mut front = Front::new(&builder(&grant, &clock).build());
        front.sends().await;
        let right = clock.wall();
        jump(&clock);
        let during = front.sends().await;
        clock.set_wall(right);
        assert_eq!(front.sends().await, during, "{name}: nothing is asked for");
        clock.advance(HOUR - seconds(1));
        let calls = grant.calls();
        clock.advance(seconds(1));
        front.sends().await;
        assert_eq!(grant.calls(), calls + 1, "{name}: it ended with its hour");
    }
}

#[tokio::test]
async fn fault_42_the_clock_is_set_while_backing_off() {
    for (name, jump) in jumps() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let source = builder(&grant, &clock).build();
        let mut front = Front::new(&source);
        grant.fails(away());
        assert!(front.call().await.is_err(), "{name}");
        let pause = source.status().next_attempt.unwrap();
        jump(&clock);
        for _ in 0..3 {
            assert!(front.call().await.is_err(), "{name}");
        }
        assert_eq!(source.status().next_attempt, Some(pause), "{name}");
        assert_eq!(grant.calls(), 1, "{name}: the pause did not end");
        clock.advance(pause);
        assert_eq!(front.sends().await, "t-2", "{name}: nor does it last");
    }
}

async fn log_in(store: &MemoryStore) {
    let login = TokenSet::login("r-0".into());
    save_login(store, &key(), &login).await.unwrap();
}

fn replica(grant: &Numbered, clock: &ManualClock, store: &MemoryStore) -> Cached {
    builder(grant, clock).store(store.clone(), key()).build()
}

#[tokio::test]
async fn fault_42_the_clock_is_set_while_a_note_of_our_own_lies_in_the_store() {
    for (name, jump) in jumps() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let store = MemoryStore::new();
        log_in(&store).await;
        let source = replica(&grant, &clock, &store);
        grant.fails(away().with_sent(Sent::Maybe));
        assert!(source.token().await.is_err(), "{name}");
        let noted = store.load(&key()).await.unwrap().unwrap();
        assert!(noted.intent.is_some(), "{name}");
        jump(&clock);
        clock.advance(seconds(1));
        assert_eq!(Front::new(&source).sends().await, "t-2", "{name}");
        let record = store.load(&key()).await.unwrap().unwrap();
        assert!(record.intent.is_none(), "{name}");
    }
}

#[tokio::test]
async fn fault_42_the_clock_is_set_while_a_note_of_another_process_lies_in_the_store() {
    for (name, jump) in jumps() {
        let (clock, grant) = (ManualClock::new(), Numbered::new(HOUR));
        let store = MemoryStore::new();
        log_in(&store).await;
        {
            let mut lease = store.lease(&key()).await.unwrap();
            let record = lease.load().await.unwrap().unwrap();
            let intent = Intent::new(clock.wall(), lease.fence());
            lease.begin(record.version, &intent).await.unwrap();
        }
        let source = replica(&grant, &clock, &store);
        let error = source.token().await.unwrap_err();
        assert_eq!(error.code(), Some(BEGUN_ELSEWHERE), "{name}");
        jump(&clock);
        // By a clock that went back it is left to that process for the time of the policy; by one that went forward
        // it is old. Either way that is told once, and then the provider is asked.
        if BACK.iter().any(|(own, _)| *own == name) {
            clock.advance(seconds(59));
            let error = source.token().await.unwrap_err();
            assert_eq!(error.code(), Some(BEGUN_ELSEWHERE), "{name}");
        }
        clock.advance(seconds(60));
        let error = source.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{name}");
        assert_eq!(grant.calls(), 0, "{name}");
        clock.advance(seconds(60));
        assert_eq!(Front::new(&source).sends().await, "t-1", "{name}");
        assert_eq!(grant.calls(), 1, "{name}");
    }
}
