//! Processes that are killed while they use the database.

use std::path::Path;

use super::{closed, stranger};
use crate::crash;

fn name(folder: &Path) -> String {
    format!("sqlite {}", super::database(folder).display())
}

/// Sees that SQLite finds nothing wrong with what is left.
async fn is_whole(folder: &Path) {
    let mut other = stranger(folder).await;
    let check = sqlx::query_scalar("PRAGMA integrity_check");
    let found: String = check.fetch_one(&mut other).await.unwrap();
    assert_eq!(found, "ok");
    drop(other);
    closed(folder).await;
}

#[tokio::test]
async fn fault_44_a_kill_at_every_step_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = name(folder.path());
    let opening = ["sqlite:opened", "sqlite:prepared"];
    let mut points = crash::points(&["lock", "sqlite"]);
    points.retain(|point| !opening.contains(point));
    let runs = crash::share_of(50);
    let tally = crash::at_every_point(&store, &points, runs).await.unwrap();
    eprintln!("killed at each of {} points: {tally:?}", points.len());
    assert_eq!(tally.kills, points.len() * runs);
    assert!(tally.undone > 0 && tally.done_unsaid > 0);
    is_whole(folder.path()).await;
}

#[tokio::test]
async fn fault_44_a_kill_while_a_database_is_opened_leaves_one_that_can_be() {
    for _ in 0..crash::share_of(50) {
        let folder = tempfile::tempdir().unwrap();
        let store = name(folder.path());
        // Each is passed once in the life of a process.
        for point in ["sqlite:opened", "sqlite:prepared"] {
            let tally = crash::at_every_point(&store, &[point], 1).await.unwrap();
            assert_eq!(tally.kills, 1);
        }
        is_whole(folder.path()).await;
    }
}

#[tokio::test]
async fn fault_44_a_kill_at_any_instant_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runs = crash::share_of(1_000);
    let tally = crash::at_random(&name(folder.path()), runs).await.unwrap();
    eprintln!("killed at any instant: {tally:?}");
    assert_eq!(tally.kills, runs);
    is_whole(folder.path()).await;
}
