//! Processes that are killed while they use the folder.

use super::{names, plain};
use crate::crash;

fn is_clean(place: &std::path::Path) {
    // Whoever opens the folder removes what was left half-written; no damage was ever seen.
    let _store = plain(place);
    assert_eq!(names(place, ".temp"), [""; 0]);
    assert_eq!(names(place, ".lock").len(), 1);
    let entries = std::fs::read_dir(place).unwrap();
    let corrupt = |entry: &std::io::Result<std::fs::DirEntry>| {
        let name = entry.as_ref().unwrap().file_name();
        name.into_string().unwrap().contains("corrupt")
    };
    assert_eq!(entries.filter(corrupt).count(), 0);
}

#[tokio::test]
async fn fault_44_a_kill_at_every_step_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().join("logins");
    let points = crash::points(&["lock", "file"]);
    let store = format!("file {}", place.display());
    let tally = crash::at_every_point(&store, &points, crash::share_of(50)).await;
    let tally = tally.unwrap();
    eprintln!("killed at each of {} points: {tally:?}", points.len());
    assert_eq!(tally.kills, points.len() * crash::share_of(50));
    assert!(tally.undone > 0 && tally.done_unsaid > 0);
    is_clean(&place);
}

#[tokio::test]
async fn fault_44_a_kill_at_any_instant_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().join("logins");
    let store = format!("file {}", place.display());
    let tally = crash::at_random(&store, crash::share_of(5_000)).await;
    let tally = tally.unwrap();
    eprintln!("killed at any instant: {tally:?}");
    assert_eq!(tally.kills, crash::share_of(5_000));
    is_clean(&place);
}

#[tokio::test]
async fn fault_52_the_lock_of_a_dead_process_is_free_at_once() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().join("logins");
    let store = format!("file {}", place.display());
    // The child dies with the lock in its hands, and the next one needs it.
    let tally = crash::at_every_point(&store, &["lock:numbered", "file:written"], 3).await;
    assert_eq!(tally.unwrap().kills, 6);
    assert_eq!(names(&place, ".lock").len(), 1);
}
