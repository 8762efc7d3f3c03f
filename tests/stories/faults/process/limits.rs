//! A process that gets no more files or memory.

use auth_testkit::Fault;

use super::{Stage, seconds};

/// More files than a client needs, and few enough to be used up.
const FILES: &str = "files 64";
/// 64 MiB on top of what the process has at its start.
const MEMORY: &str = "memory 67108864";

#[tokio::test]
async fn fault_45_without_file_descriptors_a_client_waits_and_recovers() {
    let stage = Stage::start().await;
    let mut child = stage.machine().await;
    let first = child.token().await;
    assert_ne!(child.ask(FILES).await, "opened 0");
    // In its last fifth the token is renewed beside its use, which fails.
    stage.clock.advance(seconds(250));
    assert_eq!(child.token().await, first);
    stage.clock.advance(seconds(50));
    for _ in 0..3 {
        let reply = child.ask("token").await;
        assert!(reply.starts_with("error Unavailable No "), "{reply}");
    }
    assert_eq!(stage.emulator.ledger().connections(), 1);

    assert_eq!(child.ask("more files").await, "raised");
    let reply = child.ask("token").await;
    assert!(
        reply.starts_with("error Unavailable No "),
        "in the pause: {reply}"
    );
    stage.clock.advance(seconds(5));
    let next = child.token().await;
    assert!(stage.emulator.accepts(&next));
    assert_eq!(stage.emulator.ledger().requests(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn fault_46_answers_without_end_fit_into_64_mebibytes() {
    let stage = Stage::start().await;
    let mut child = stage.machine().await;
    child.token().await;
    assert_eq!(child.ask(MEMORY).await, "limited");
    let faults = [Fault::HugeBody, Fault::EndlessHeaders, Fault::GzipBomb];
    for fault in faults.iter().cycle().take(30) {
        // Past the token's end and every pause.
        stage.clock.advance(seconds(600));
        stage.emulator.server().next_at("/token", fault.clone());
        let reply = child.ask("token").await;
        assert!(reply.starts_with("error Unavailable"), "{fault:?}: {reply}");
    }
    stage.clock.advance(seconds(600));
    assert!(stage.emulator.accepts(&child.token().await));
}
