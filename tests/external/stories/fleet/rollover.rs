//! A new version is rolled out: each old process stops in good order while a new one starts.

use super::{
    REPLICAS, between_faults, expiries,
    home::Home,
    stage::{Stage, note},
};

pub(super) async fn run(home: Home) {
    let mut stage = Stage::with_fleet("rolled over", home).await;
    let mut number = 0;
    while number < expiries() {
        for _ in 0..between_faults() {
            stage.round().await;
            number += 1;
        }
        // All eight are replaced, each while the token is being renewed.
        for _ in 0..REPLICAS {
            stage.token_ends();
            stage.everybody_calls().await;
            let old = stage.replicas.remove(0);
            stage.joins().await.order("round").await;
            for reply in old.retires().await {
                note(reply, &mut stage.tally);
            }
            stage.everybody_is_done().await;
            number += 1;
        }
    }
    stage.tally.print(&stage.emulator);
}
