//! Many callers at once.

use auth_core::TokenSource;
use auth_testkit::Gate;
use tokio::task::JoinSet;

use super::{Answer, Api, Call, LIFETIME, Story, WELL, called, for_each_client};

const STORM: usize = 1000;

for_each_client!(
    a_hundred_callers_of_an_expired_token_cause_one_token_request,
    fault_33_a_thousand_refusals_at_once_cause_one_refresh,
    refusals_that_come_late_cause_nothing,
);

async fn a_hundred_callers_of_an_expired_token_cause_one_token_request<A: Api>() {
    let story = Story::start().await;
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);
    story.clock.advance(LIFETIME);
    all_well(crowd(&api, 100)).await;
    assert_eq!((story.refreshes(), story.seen()), (2, (101, 0)));
    story.ends_well();
}

async fn fault_33_a_thousand_refusals_at_once_cause_one_refresh<A: Api>() {
    let story = Story::start().await;
    story.resource.ledger().keep(10);
    let api: A = story.api(&story.source::<A>());
    assert_eq!(called(&api, Call::Whole).await, WELL);

    // Every caller has put the old token on its request before the first of them learns that it is dead.
    story.gate.close();
    let callers = crowd(&api, STORM);
    story.gate.until_waiting(STORM).await;
    story.issuer.expire_all_access_tokens();
    story.gate.open();
    all_well(callers).await;
    assert_eq!(story.refreshes(), 2);
    assert_eq!(story.seen(), (1 + 2 * STORM, STORM));
    story.ends_well();
}

async fn refusals_that_come_late_cause_nothing<A: Api>() {
    let story = Story::start().await;
    let source = story.source::<A>();
    let base = story.resource.base_url();
    let (quick, slow): (A, A) = {
        let open = Gate::new();
        open.open();
        let quick = A::over(source.clone().into(), &base, &open);
        (quick, story.api(&source))
    };
    assert_eq!(called(&quick, Call::Whole).await, WELL);
    story.gate.close();
    let late = crowd(&slow, 50);
    story.gate.until_waiting(50).await;
    story.issuer.expire_all_access_tokens();
    // The refresh is done and in use when the refusals of the old token arrive.
    assert_eq!(called(&quick, Call::Whole).await, WELL);
    let current = source.token().await.unwrap().generation();
    story.gate.open();
    all_well(late).await;
    assert_eq!(source.token().await.unwrap().generation(), current);
    assert_eq!((story.refreshes(), story.seen()), (2, (103, 51)));
    story.ends_well();
}

fn crowd(api: &impl Api, count: usize) -> JoinSet<Answer> {
    (0..count)
        .map(|_| {
            let api = api.clone();
            async move { called(&api, Call::Whole).await }
        })
        .collect()
}

async fn all_well(callers: JoinSet<Answer>) {
    for answer in callers.join_all().await {
        assert_eq!(answer, WELL);
    }
}
