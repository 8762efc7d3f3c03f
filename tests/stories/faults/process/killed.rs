//! A process that is killed at each step of an exchange, and the next one that takes over.

use auth_testkit::{Fault, Gate, StoreCall, StoreFault};

use super::{Stage, seconds, soon};

/// Where the first process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    BeforeLease,
    LeaseHeld,
    Noted,
    RequestSent,
    RequestProcessed,
    AnswerRead,
    Saved,
    Releasing,
    Done,
}

const STEPS: [Step; 9] = [
    Step::BeforeLease,
    Step::LeaseHeld,
    Step::Noted,
    Step::RequestSent,
    Step::RequestProcessed,
    Step::AnswerRead,
    Step::Saved,
    Step::Releasing,
    Step::Done,
];

impl Step {
    /// Returns whether the provider did its part and the store does not know of it.
    fn is_in_the_gap(self) -> bool {
        matches!(self, Self::RequestProcessed | Self::AnswerRead)
    }

    /// Returns whether the store says that the refresh token was about to be sent, and no more.
    fn is_noted(self) -> bool {
        self.is_in_the_gap() || matches!(self, Self::Noted | Self::RequestSent)
    }

    fn is_saved(self) -> bool {
        matches!(self, Self::Saved | Self::Releasing | Self::Done)
    }
}

/// Starts a process at such a provider, lets it ask for a token, and kills it at `step`.
async fn is_killed(stage: &Stage, provider: &'static str, step: Step) {
    let (gate, server) = (Gate::new(), stage.emulator.server());
    let (before, after) = (
        StoreFault::HangBefore(gate.clone()),
        StoreFault::HangAfter(gate.clone()),
    );
    match step {
        Step::BeforeLease => stage.store.on(StoreCall::Lease, before),
        Step::LeaseHeld => stage.store.on(StoreCall::LeaseLoad, after),
        Step::Noted => stage.store.on(StoreCall::Begin, after),
        Step::RequestSent => server.next_at("/token", Fault::Hang),
        Step::RequestProcessed => server.next_at("/token", Fault::HangAfter),
        Step::AnswerRead => stage.store.on(StoreCall::Save, before),
        Step::Saved => stage.store.on(StoreCall::Save, after),
        Step::Releasing => stage.store.on(StoreCall::Release, before),
        Step::Done => {}
    }
    let mut child = stage.login_at(provider).await;
    child.order("token").await;
    match step {
        Step::RequestSent => soon(stage.emulator.ledger().wait_for(1)).await,
        Step::RequestProcessed => soon(stage.emulator.ledger().wait_for_finished(1)).await,
        Step::Done => drop(child.reply().await),
        _ => soon(gate.until_waiting(1)).await,
    }
    child.kill();
}

#[tokio::test]
async fn fault_44_a_login_that_does_not_rotate_survives_a_kill_at_any_step() {
    // The provider does not note what is not spent.
    for step in STEPS.into_iter().filter(|step| *step != Step::Noted) {
        let stage = Stage::start().await;
        stage.emulator.configure(|knobs| knobs.rotate = false);
        stage.logs_in().await;
        is_killed(&stage, "lasting", step).await;
        let token = stage.login_at("lasting").await.token().await;
        assert!(stage.emulator.accepts(&token), "{step:?}");
        let processed = 1 + usize::from(step.is_in_the_gap());
        let ledger = stage.emulator.ledger();
        assert_eq!(ledger.processed(), processed, "{step:?}");
    }
}

#[tokio::test]
async fn fault_44_a_login_that_rotates_is_lost_in_the_documented_gap_alone() {
    for step in STEPS {
        let stage = Stage::start().await;
        stage.logs_in().await;
        is_killed(&stage, "login", step).await;
        let mut child = stage.login().await;
        let mut reply = child.ask("token").await;
        if step.is_noted() {
            // It may have lost the store alone, and be about to save.
            assert!(
                reply.starts_with("error Unavailable No"),
                "{step:?}: {reply}"
            );
            stage.clock.advance(seconds(60));
            reply = child.ask("token").await;
            // Told once; the next attempt asks the provider.
            assert!(
                reply.starts_with("error OutcomeUnknown Maybe"),
                "{step:?}: {reply}"
            );
            stage.clock.advance(seconds(60));
            reply = child.ask("token").await;
        }
        let ledger = stage.emulator.ledger();
        if step.is_in_the_gap() {
            // The provider spent the token and allows no second use: nothing that a client can do.
            assert!(
                reply.starts_with("error LoginRequired"),
                "{step:?}: {reply}"
            );
            assert_eq!((ledger.processed(), stage.emulator.reuses()), (2, 1));
            continue;
        }
        let token = reply.strip_prefix("token ");
        assert!(stage.emulator.accepts(token.unwrap()), "{step:?}: {reply}");
        assert_eq!(ledger.processed(), 1, "{step:?}");
        assert_eq!(stage.emulator.reuses(), 0, "{step:?}");
        let first = stage.emulator.access_tokens()[0].expose() == token.unwrap();
        assert!(
            first || !step.is_saved(),
            "{step:?}: what was saved is used"
        );
    }
}

#[tokio::test]
async fn fault_44_where_the_provider_grants_leeway_nothing_is_lost() {
    for step in STEPS.into_iter().filter(|step| step.is_noted()) {
        let stage = Stage::start().await;
        let leeway = seconds(3600);
        stage
            .emulator
            .configure(|knobs| knobs.reuse_leeway = leeway);
        stage.logs_in().await;
        is_killed(&stage, "lenient", step).await;
        let token = stage.login_at("lenient").await.token().await;
        assert!(stage.emulator.accepts(&token), "{step:?}");
        assert_eq!(stage.emulator.families_revoked(), 0, "{step:?}");
    }
}
