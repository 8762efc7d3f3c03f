//! One exchange for any number of callers.

use auth_core::{ErrorKind, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant};

use super::{HOUR, access, away, builder, seconds};

const CALLERS: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_of_an_expired_token_cause_one_exchange() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    source.warm_up().await.unwrap();
    clock.advance(HOUR);

    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            tokio::spawn({
                let source = source.clone();
                async move { access(&source).await }
            })
        })
        .collect();
    gate.until_waiting(1).await;
    gate.open();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "second");
    }
    assert_eq!((grant.calls(), grant.most_at_once()), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_that_start_cold_cause_one_exchange_in_each_round() {
    for round in 0..10 {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        // Nothing holds the exchange up: it may end before the last task has begun.
        grant.issues("first", HOUR).issues("second", HOUR);
        let source = builder(&grant, &clock).build();
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                tokio::spawn({
                    let source = source.clone();
                    async move { access(&source).await }
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap(), "first", "round {round}");
        }
        assert_eq!(grant.calls(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_share_a_failure_and_each_step_asks_once() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).fails(away()).always(|_| Err(away()));
    let source = builder(&grant, &clock).build();

    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            tokio::spawn({
                let source = source.clone();
                async move { source.token().await.map(drop) }
            })
        })
        .collect();
    gate.until_waiting(1).await;
    gate.open();
    for caller in callers {
        assert_eq!(
            caller.await.unwrap().unwrap_err().kind(),
            ErrorKind::Unavailable
        );
    }
    assert_eq!(grant.calls(), 1);

    for step in 2..=12 {
        let pause = source.status().next_attempt.unwrap();
        // A tenth of the step at the least, the whole step at the most.
        let most = seconds(1 << (step - 2)).min(seconds(300));
        assert!(
            pause <= most && pause >= most / 10,
            "step {step} pauses {pause:?}"
        );
        assert!(source.token().await.is_err());
        assert_eq!(grant.calls(), step - 1, "no exchange within the pause");
        clock.advance(pause);
        assert!(source.token().await.is_err());
        assert_eq!(grant.calls(), step, "one exchange after the pause");
    }
}

#[tokio::test]
async fn no_error_is_for_ever() {
    for kind in [
        ErrorKind::Unavailable,
        ErrorKind::Configuration,
        ErrorKind::LoginRequired,
        ErrorKind::Protocol,
    ] {
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant
            .fails(auth_core::Error::new(kind, "made up"))
            .issues("next", HOUR);
        let source = builder(&grant, &clock).build();
        assert_eq!(source.token().await.unwrap_err().kind(), kind);
        clock.advance(source.status().next_attempt.unwrap());
        assert_eq!(access(&source).await, "next");
    }
}

#[tokio::test]
async fn an_exchange_that_never_ends_fails_at_its_deadline() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant.waits(&gate).issues("late", HOUR);
    let source = builder(&grant, &clock).build();
    let caller = tokio::spawn({
        let source = source.clone();
        async move { source.token().await }
    });
    clock.until_deadline(seconds(30)).await;
    clock.advance(seconds(30));
    let error = caller.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Unavailable, auth_core::Sent::Maybe)
    );
    assert_eq!(grant.abandoned(), 1);
}
