//! Now and then a process is killed, and another is started in its place.

use std::time::Duration;

use auth_testkit::Fault;

use super::{between_faults, expiries, home::Home, soon, stage::Stage};

/// When a process is killed: never between its request and the save.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// All have what they need.
    Idle,
    /// Another process has sent its request, and this one waits.
    Waiting,
    /// It holds the lock and has not asked yet.
    Locked,
    /// The new login is saved, and the lock is held still.
    Saved,
}

const MOMENTS: [Moment; 4] = [Moment::Idle, Moment::Waiting, Moment::Locked, Moment::Saved];

pub(super) async fn run(home: Home) {
    let mut stage = Stage::with_fleet("processes killed", home).await;
    for number in 1..=expiries() {
        if number % between_faults() == 0 {
            let moment = MOMENTS[stage.tally.kills % MOMENTS.len()];
            one_is_killed(&mut stage, moment).await;
            stage.tally.kills += 1;
        } else {
            stage.round().await;
        }
    }
    stage.tally.print(&stage.emulator);
}

async fn one_is_killed(stage: &mut Stage, moment: Moment) {
    match moment {
        Moment::Idle => {
            drop(stage.any());
            stage.token_ends();
            stage.joins().await;
            stage.everybody_calls().await;
        }
        Moment::Waiting => {
            let asked = stage.requests();
            let wait = Duration::from_secs(1);
            let server = stage.emulator.server();
            server.next_at("/token", Fault::Delay(wait));
            stage.token_ends();
            stage.everybody_calls().await;
            soon(stage.emulator.ledger().wait_for(asked + 1)).await;
            let asking = stage.latest_sender();
            drop(stage.any_but(&asking));
            stage.joins().await.order("round").await;
            stage.clock.advance(wait);
        }
        Moment::Locked | Moment::Saved => {
            let mut victim = stage.any();
            let place = match moment {
                Moment::Locked => "locked",
                _ => "saved",
            };
            victim.will_hang(place).await;
            stage.token_ends();
            victim.order("round").await;
            victim.started().await;
            victim.hangs().await;
            stage.everybody_calls().await;
            drop(victim);
            stage.home.lease_ends().await;
            stage.joins().await.order("round").await;
        }
    }
    stage.everybody_is_done().await;
}
