//! A process that stands still while time goes on.

use auth_core::{Cached, Origins, TokenSource};
use auth_oauth2::{Basic, Endpoint, RefreshToken, TokenClient};
use auth_reqwest::ReqwestTransport;
use auth_testkit::Fault;

use super::{Stage, child::lenient, key, seconds, soon};

/// After so long a store gives the lease of a silent process to another.
const LEASE: u64 = 15;

#[tokio::test]
async fn fault_43_a_process_that_was_stopped_believes_the_clock_and_not_its_memory() {
    // Shorter than the token lives, in its last windows, beyond its end, and two days.
    for stopped in [0, LEASE, 3 * LEASE, 290, 300, 2 * 86_400] {
        let stage = Stage::start().await;
        stage.logs_in().await;
        let mut child = stage.login().await;
        let first = child.token().await;
        child.stop();
        stage.clock.advance(seconds(stopped));
        stage.steward.leases_end();
        child.go_on();
        let next = child.token().await;
        assert!(stage.emulator.accepts(&next), "{stopped} s");
        assert_eq!(next == first, stopped < 240, "{stopped} s");
        assert_eq!(stage.emulator.reuses(), 0, "{stopped} s");
    }
}

#[tokio::test]
async fn fault_43_a_process_stopped_during_an_exchange_does_not_undo_what_another_did() {
    for leases in 0..=3 {
        let stage = Stage::start().await;
        let leeway = seconds(3600);
        stage
            .emulator
            .configure(|knobs| knobs.reuse_leeway = leeway);
        stage.logs_in().await;
        let mut child = stage.login().await;
        let ledger = stage.emulator.ledger();
        stage
            .emulator
            .server()
            .next_at("/token", Fault::DelayAnswer(seconds(1)));
        child.order("token").await;
        soon(ledger.wait_for_finished(1)).await;
        child.stop();
        // The answer comes, and with nobody to renew it, the lease goes to somebody else.
        stage.clock.advance(seconds(1 + leases * LEASE));
        let theirs = (leases > 0).then_some(another_process(&stage));
        if let Some(source) = &theirs {
            stage.steward.leases_end();
            source.token().await.unwrap();
        }
        let stored = stored(&stage).await;
        child.go_on();
        let reply = child.reply().await;
        let gained = reply.strip_prefix("token ");
        // Stopped for longer than an exchange may take, it may find its time over before it finds the answer.
        assert!(
            gained.is_some() || leases > 1 && reply.starts_with("error Unavailable Maybe"),
            "{leases} leases: {reply}"
        );
        assert!(gained.is_none_or(|token| stage.emulator.accepts(token)));
        // What it holds, now or after its pause, is good.
        stage.clock.advance(seconds(2));
        let token = child.token().await;
        assert!(stage.emulator.accepts(&token), "{leases} leases");
        if let Some(source) = &theirs {
            assert_eq!(self::stored(&stage).await, stored, "the newer login stays");
            let own = source.token().await.unwrap();
            assert_eq!(token, own.access().expose(), "{leases} leases");
        }
        let asked = 1 + usize::from(theirs.is_some());
        assert_eq!(ledger.requests(), asked, "{leases} leases");
    }
}

async fn stored(stage: &Stage) -> Option<String> {
    use auth_core::TokenStore;
    let record = stage.store.load(&key()).await.unwrap()?;
    Some(record.set.refresh()?.expose().to_owned())
}

/// A source that shares nothing with the child but the store.
fn another_process(stage: &Stage) -> Cached {
    let (id, secret) = (stage.emulator.client_id(), stage.emulator.client_secret());
    let tokens = TokenClient::new(
        Endpoint::parse(&stage.emulator.token_url()).unwrap(),
        Basic::encoded(&id, &secret).unwrap(),
        ReqwestTransport::new().unwrap(),
        // The provider's promise, see the stories.
        lenient(),
    );
    Cached::builder(RefreshToken::new(tokens), Origins::default())
        .clock(stage.clock.manual())
        .store(stage.store.clone(), key())
        .build()
}
