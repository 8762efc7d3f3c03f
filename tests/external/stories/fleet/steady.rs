//! Nobody is disturbed.

use super::{REPLICAS, expiries, home::Home, stage::Stage};

/// The tokens end one after the other, and each is replaced once.
pub(super) async fn run(home: Home) {
    let mut stage = Stage::with_fleet("undisturbed", home).await;
    for _ in 0..expiries() {
        stage.round().await;
    }
    stage.tally.print(&stage.emulator);
}

/// All processes are started together, with a refresh token in the store and nothing else.
pub(super) async fn cold_start(home: Home) {
    let mut stage = Stage::with_fleet("cold start", home).await;
    assert_eq!(stage.replicas.len(), REPLICAS);
    stage.tally.expiries += 1;
    stage.everybody_calls().await;
    stage.everybody_is_done().await;
    assert_eq!(stage.requests(), 1);
    stage.tally.print(&stage.emulator);
}
