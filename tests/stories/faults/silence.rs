//! Answers that do not come, or come too slowly. The engine's deadline ends the wait, not the transport's.

use std::time::Duration;

use auth_core::{Clock, Error, ErrorKind, Sent, TokenSource};
use auth_testkit::Fault;

use super::scene::{ADVISORY, BOTH, Client, Scene, TOKEN, soon};

/// The policy's `exchange_timeout`.
const DEADLINE: u64 = 30;
/// How often a lease is renewed meanwhile.
const LEASE_STEP: u64 = 5;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn is_given_up(scene: &Scene, client: &mut Client, name: &str) {
    let error = client.failed().await;
    is_unknown(scene, &error, name);
}

fn is_unknown(scene: &Scene, error: &Error, name: &str) {
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, Sent::Maybe),
        "{name}"
    );
    assert!(error.to_string().contains("exchange_timeout"), "{error}");
    scene.is_discreet(error);
}

#[tokio::test]
async fn fault_04_silence_ends_at_the_deadline() {
    for over in BOTH {
        for fault in [Fault::Hang, Fault::HangAfter] {
            let name = format!("{over:?} {fault:?}");
            let scene = Scene::start().await;
            let mut client = scene.machine(over);
            let first = client.token().await;
            scene.clock.advance(ADVISORY);
            scene.server().next_at(TOKEN, fault.clone());
            assert_eq!(client.token().await, first, "{name}: nobody waits");
            soon(scene.emulator.ledger().wait_for(2)).await;
            scene.clock.advance(seconds(DEADLINE - 1));
            assert_eq!(client.token().await, first, "{name}");
            assert!(client.source.status().renewing, "{name}");
            scene.clock.advance(seconds(1));
            is_given_up(&scene, &mut client, &name).await;
            assert_eq!(client.token().await, first, "{name}");
            assert_eq!(scene.requests(), 2, "{name}");

            // Without a token, the callers wait as long and share the outcome.
            scene.clock.advance(seconds(20));
            scene.server().next_at(TOKEN, fault);
            let callers: Vec<_> = (0..10)
                .map(|_| {
                    let source = client.source.clone();
                    tokio::spawn(async move { source.token().await })
                })
                .collect();
            soon(scene.emulator.ledger().wait_for(3)).await;
            scene.clock.advance(seconds(DEADLINE));
            for caller in callers {
                let error = soon(caller).await.unwrap().expect_err("there is no token");
                is_unknown(&scene, &error, &name);
            }
            assert_eq!(scene.requests(), 3, "{name}");
            scene.clock.advance(client.pause());
            assert!(scene.emulator.accepts(&client.token().await), "{name}");
        }
    }
}

#[tokio::test]
async fn fault_04_silence_under_a_lease_gives_the_lease_back() {
    for over in BOTH {
        let scene = Scene::start().await;
        scene
            .emulator
            .configure(|knobs| knobs.reuse_leeway = seconds(600));
        let mut client = scene.login(over).await;
        let first = client.token().await;
        scene.clock.advance(ADVISORY);
        scene.server().next_at(TOKEN, Fault::HangAfter);
        assert_eq!(client.token().await, first);
        let start = scene.clock.monotonic();
        for step in 1..=DEADLINE / LEASE_STEP {
            let next = start + seconds(step * LEASE_STEP);
            soon(scene.clock.until_deadline(next)).await;
            scene.clock.advance(seconds(LEASE_STEP));
        }
        is_given_up(&scene, &mut client, "lease").await;
        scene.clock.advance(seconds(20));
        assert!(scene.emulator.accepts(&client.token().await));
        assert_eq!((scene.requests(), scene.emulator.reuses()), (3, 1));
    }
}

#[tokio::test]
async fn fault_05_an_answer_of_one_byte_a_second_ends_at_the_deadline() {
    for over in BOTH {
        let name = format!("{over:?}");
        let scene = Scene::start().await;
        let mut client = scene.machine(over);
        let first = client.token().await;
        scene.clock.advance(ADVISORY);
        let every = seconds(1);
        scene.server().next_at(TOKEN, Fault::SlowBytes { every });
        assert_eq!(client.token().await, first, "{name}: nobody waits");
        for _ in 0..DEADLINE {
            // The server sleeps before each byte.
            let next = scene.clock.monotonic() + every;
            soon(scene.clock.until_deadline(next)).await;
            assert!(client.source.status().renewing, "{name}");
            scene.clock.advance(every);
        }
        is_given_up(&scene, &mut client, &name).await;
        assert_eq!(client.token().await, first, "{name}");
        scene.clock.advance(seconds(20));
        assert!(scene.emulator.accepts(&client.token().await), "{name}");
        assert_eq!(scene.requests(), 3, "{name}");
    }
}
