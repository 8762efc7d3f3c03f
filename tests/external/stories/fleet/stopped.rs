//! Now and then a process stands still for a while, and then goes on as if nothing had happened.

use std::time::Duration;

use auth_testkit::Fault;

use super::{
    REPLICAS, TTL, between_faults, expiries,
    home::Home,
    key,
    replica::Replica,
    soon,
    stage::{Stage, is_done},
};

/// Where a process is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// It has what it needs; tokens come and go meanwhile.
    Idle,
    /// Another process has sent its request, and this one waits.
    Waiting,
    /// It holds the lock and has not asked yet.
    Locked,
    /// Its request is sent, and the answer comes while it stands still.
    Asking,
    /// The new login is saved, and the lock is held still.
    Saved,
}

const MOMENTS: [Moment; 5] = [
    Moment::Idle,
    Moment::Waiting,
    Moment::Locked,
    Moment::Asking,
    Moment::Saved,
];

pub(super) async fn run(home: Home) {
    let mut stage = Stage::with_fleet("processes stopped", home).await;
    while stage.tally.expiries < expiries() {
        for _ in 1..between_faults() {
            stage.round().await;
        }
        let moment = MOMENTS[stage.tally.stops % MOMENTS.len()];
        stage.tally.stops += 1;
        match moment {
            Moment::Idle => idle(&mut stage).await,
            Moment::Waiting => waiting(&mut stage).await,
            Moment::Locked => with_the_lock(&mut stage, "locked").await,
            Moment::Saved => with_the_lock(&mut stage, "saved").await,
            Moment::Asking => asking(&mut stage).await,
        }
    }
    stage.tally.print(&stage.emulator);
}

async fn idle(stage: &mut Stage) {
    let sleeper = stage.any();
    sleeper.stop();
    for _ in 0..3 {
        stage.round().await;
    }
    sleeper.go_on();
    stage.replicas.push(sleeper);
    stage.round().await;
}

async fn waiting(stage: &mut Stage) {
    stage.token_ends();
    let released = everybody_waits(stage).await;
    let mut asking = stage.named(&stage.latest_sender());
    let sleeper = stage.any();
    sleeper.stop();
    stage.clock.advance(released);
    // The others may have to wait for the sleeper: some stores hand the lock to it as the next in line.
    is_done(&mut asking, &mut stage.tally).await;
    sleeper.go_on();
    stage.replicas.push(sleeper);
    stage.everybody_is_done().await;
    stage.replicas.push(asking);
}

/// Lets everybody call, of whom one asks for a new token. Returns how far time must move for it to be answered.
async fn everybody_waits(stage: &mut Stage) -> Duration {
    let asked = stage.requests();
    let wait = Duration::from_secs(1);
    let server = stage.emulator.server();
    server.next_at("/token", Fault::Delay(wait));
    stage.everybody_calls().await;
    soon(stage.emulator.ledger().wait_for(asked + 1)).await;
    wait
}

async fn with_the_lock(stage: &mut Stage, place: &str) {
    let mut sleeper = stage.any();
    sleeper.will_hang(place).await;
    stage.token_ends();
    sleeper.order("round").await;
    sleeper.started().await;
    sleeper.hangs().await;
    sleeper.stop();
    stage.everybody_calls().await;
    if stage.home.has_leases() {
        // The lock ends without its holder, and another takes its turn.
        stage.home.lease_ends().await;
        stage.everybody_is_done().await;
    } else {
        for replica in &mut stage.replicas {
            replica.started().await;
        }
    }
    sleeper.order("open").await;
    sleeper.go_on();
    if stage.home.has_leases() {
        is_done(&mut sleeper, &mut stage.tally).await;
        stage.replicas.push(sleeper);
        stage.tally.check(&stage.emulator);
    } else {
        stage.replicas.push(sleeper);
        stage.everybody_is_done().await;
    }
}

async fn asking(stage: &mut Stage) {
    stage.token_ends();
    let released = everybody_waits(stage).await;
    let asked = stage.requests();
    let sleeper = stage.named(&stage.latest_sender());
    sleeper.stop();
    stage.clock.advance(released);
    soon(stage.emulator.ledger().wait_for_finished(asked)).await;
    sleeper.go_on();
    stage.replicas.push(sleeper);
    stage.everybody_is_done().await;
}

/// What is left of the risk where a lock ends with time: its holder stands still with its request under way, and
/// whoever takes its turn finds the note and then the login spent.
#[tokio::test]
async fn a_holder_in_redis_that_is_overtaken_while_it_asks_costs_the_login_if_nobody_waits_for_it()
{
    let mut stage = Stage::with_fleet("overtaken while asking", Home::redis()).await;
    for _ in 0..expiries().div_ceil(25) {
        let reuses = stage.emulator.reuses();
        let sleeper = one_is_overtaken(&mut stage).await;
        assert_eq!(stage.emulator.reuses(), reuses + 1);
        goes_on(&mut stage, sleeper).await;
        assert_eq!(stage.emulator.reuses(), reuses + 1, "nobody asks twice");
        // A person authorizes again, and everything goes on.
        stage.logs_in().await;
        stage.clock.advance(2 * TTL);
        everybody_has_a_token(&mut stage).await;
    }
    stage.tally.print(&stage.emulator);
}

/// With the default policy the others leave the exchange to it, and it saves what it got once it goes on.
#[tokio::test]
async fn a_holder_in_redis_that_is_overtaken_while_it_asks_costs_no_login_if_it_is_waited_for() {
    let mut stage = Stage::new("overtaken and waited for", Home::redis()).await;
    stage.is_patient();
    for _ in 0..REPLICAS {
        stage.joins().await;
    }
    for _ in 0..expiries().div_ceil(25) {
        let sleeper = one_is_overtaken(&mut stage).await;
        goes_on(&mut stage, sleeper).await;
        // It lost its lock, so that it saves after a pause.
        stage.clock.advance(Duration::from_secs(10));
        let newest = stage.emulator.access_tokens().pop().unwrap();
        soon(async {
            while stored(&stage).await != newest.expose() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        everybody_has_a_token(&mut stage).await;
        assert_eq!(stage.requests(), stage.tally.expiries, "nobody asks twice");
        assert_eq!(stage.emulator.families_revoked(), 0);
    }
    stage.tally.print(&stage.emulator);
}

/// Lets the holder stand still until it is answered, its lease is over, and all others had their turn.
async fn one_is_overtaken(stage: &mut Stage) -> Replica {
    stage.tally.stops += 1;
    stage.tally.expiries += 1;
    stage.clock.advance(TTL);
    let released = everybody_waits(stage).await;
    let asked = stage.requests();
    let sleeper = stage.named(&stage.latest_sender());
    sleeper.stop();
    stage.clock.advance(released);
    soon(stage.emulator.ledger().wait_for_finished(asked)).await;
    stage.home.lease_ends().await;
    // Nobody is given a token that is not good.
    for replica in &mut stage.replicas {
        assert_eq!(is_done(replica, &mut stage.tally).await, "-");
    }
    sleeper
}

async fn goes_on(stage: &mut Stage, mut sleeper: Replica) {
    sleeper.go_on();
    is_done(&mut sleeper, &mut stage.tally).await;
    stage.replicas.push(sleeper);
}

async fn everybody_has_a_token(stage: &mut Stage) {
    stage.everybody_calls().await;
    let held = stage.everybody_holds().await;
    assert!(held.iter().all(Option::is_some), "{:?}", stage.tally.errors);
    stage.tally.errors.clear();
}

/// Returns the access token that is stored.
async fn stored(stage: &Stage) -> String {
    let record = stage.store.load(&key()).await.unwrap();
    let token = record.as_ref().and_then(|record| record.set.token());
    token.map_or_else(String::new, |token| token.access().expose().to_owned())
}
