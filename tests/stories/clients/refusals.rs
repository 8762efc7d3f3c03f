//! A server that goes on refusing.

use std::{sync::Arc, time::Duration};

use auth_core::Origins;
use auth_testkit::Resource;

use super::{Api, Call, Story, WELL, called, for_each_client, origin};

const SECOND: Duration = Duration::from_secs(1);
/// How many renewals the default policy lets refusals force in a row.
const BURST: usize = 5;

for_each_client!(
    one_replay_for_each_call_and_then_the_refusal_is_the_callers,
    fault_30_renewals_that_refusals_force_are_limited,
    fault_31_a_lack_of_scope_causes_no_refresh,
    fault_34_a_server_that_takes_no_token_of_ours_starves_nobody_else,
);

async fn one_replay_for_each_call_and_then_the_refusal_is_the_callers<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story
        .resource
        .configure(|knobs| knobs.refuse_next = usize::MAX);
    // The refusal of a replay rejects its token too, so three calls force all the renewals that are allowed in a row.
    for (call, sent) in [(1, 2), (2, 4), (3, 6), (4, 7), (5, 8)] {
        assert_eq!(called(&api, Call::Whole).await.status, 401);
        assert_eq!(story.seen(), (1 + sent, sent), "after call {call}");
    }
    assert_eq!(story.refreshes(), 1 + BURST);
    story.resource.configure(|knobs| knobs.refuse_next = 0);
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story.ends_well();
}

async fn fault_30_renewals_that_refusals_force_are_limited<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    story
        .resource
        .configure(|knobs| knobs.refuse_next = usize::MAX);
    let (mut calls, mut refreshes) = (0, 1 + BURST);
    for second in 0..20 {
        for _ in 0..10 {
            assert_eq!(called(&api, Call::Whole).await.status, 401);
            calls += 1;
        }
        assert!(story.refreshes() <= refreshes, "in second {second}");
        // Each call is sent once, and once more only if it brought a new token about.
        assert!(story.seen().0 <= calls + story.refreshes());
        story.clock.advance(SECOND);
        refreshes += 1;
    }
    assert!(story.refreshes() > BURST, "the limit is not for ever");
    story.resource.configure(|knobs| knobs.refuse_next = 0);
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story.ends_well();
}

async fn fault_31_a_lack_of_scope_causes_no_refresh<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);
    let challenge = "Bearer realm=\"demo\", error=\"insufficient_scope\", scope=\"more\"";
    story.resource.configure(|knobs| {
        knobs.refuse_next = 10;
        knobs.challenge = None;
        // For gRPC too, whose refusals have no challenge of their own.
        knobs.headers = vec![("www-authenticate".into(), challenge.into())];
    });
    for (status, seen) in [(403, 2), (401, 3)] {
        story
            .resource
            .configure(|knobs| knobs.refusal_status = status);
        assert_ne!(called(&api, Call::Whole).await.status, 200);
        assert_eq!((story.refreshes(), story.seen()), (1, (seen, seen - 1)));
    }
    story.resource.configure(|knobs| {
        knobs.refuse_next = 0;
        knobs.headers.clear();
    });
    assert_eq!(called(&api, Call::Whole).await, WELL);
    assert_eq!(story.refreshes(), 1);
    story.ends_well();
}

async fn fault_34_a_server_that_takes_no_token_of_ours_starves_nobody_else<A: Api>() {
    let story = Story::start().await;
    let clock = Arc::new(story.clock.clone());
    let strict = Resource::start(clock, Arc::new(|_: &str| false))
        .await
        .unwrap();
    strict.ledger().issuer(story.issuer.ledger());
    let bases = [story.resource.base_url(), strict.base_url()];
    let origins: Origins = bases.iter().map(|base| origin(base)).collect();
    let source = story.builder::<A>(origins).build();
    let good: A = story.api(&source);
    let wrong = A::over(source.into(), &strict.base_url(), &story.gate);
    const MINUTE: usize = 60;
    for _ in 0..MINUTE {
        for _ in 0..3 {
            assert_eq!(called(&wrong, Call::Whole).await.status, 401);
            assert_eq!(called(&good, Call::Whole).await, WELL);
        }
        story.clock.advance(SECOND);
    }
    assert!(story.refreshes() <= 1 + BURST + MINUTE);
    assert!(strict.requests() <= 3 * MINUTE + story.refreshes());
    assert_eq!(story.seen(), (3 * MINUTE, 0));
    assert_eq!(strict.ledger().secrets_out_of_place(), []);
    story.ends_well();
}
