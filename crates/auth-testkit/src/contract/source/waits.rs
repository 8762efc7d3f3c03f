//! Waiting for a token.

use std::fmt;

use auth_core::{ErrorKind, TokenSource};
use tokio::task::yield_now;

use super::{LIFETIME, Stage, crowd::Crowd, unavailable};
use crate::{Gate, ManualClock, ScriptedGrant};

const CALLERS: usize = 64;
/// How often a failed source is asked again. Each time an hour has passed, so any sane pause is over long before.
const TRIES: usize = 8;

pub(super) async fn run<S, F>(build: &F)
where
    S: TokenSource + fmt::Debug + 'static,
    F: Fn(ScriptedGrant, ManualClock) -> S + Sync,
{
    first(Stage::new("first", build)).await;
    one_attempt(Stage::new("one_attempt", build)).await;
    shared_failure(Stage::new("shared_failure", build)).await;
    recovers(Stage::new("recovers", build)).await;
    dropped_caller(Stage::new("dropped_caller", build)).await;
    origins(Stage::new("origins", build)).await;
    secrecy(Stage::new("secrecy", build)).await;
}

async fn first<S: TokenSource>(mut stage: Stage<S>) {
    stage.grant.issues("contract-a", LIFETIME);
    yield_now().await;
    stage.attempts(0);
    let token = stage.token().await;
    stage.reads(&token, "contract-a");
    stage.attempts(1);

    stage.clause = super::Clause::new("token_source", "held", super::PATIENCE);
    stage.clock.advance(LIFETIME / 4);
    for _ in 0..3 {
        let again = stage.token().await;
        stage.clause.holds(
            again.generation() == token.generation(),
            "a good token was replaced",
        );
    }
    stage.attempts(1);
}

async fn one_attempt<S: TokenSource>(stage: Stage<S>) {
    let gate = Gate::new();
    stage.grant.waits(&gate).issues("contract-a", LIFETIME);
    stage.grant.issues("contract-b", LIFETIME);
    let mut callers = Crowd::new(&stage.source, CALLERS);
    callers.settle().await;
    stage.until_attempts(1).await;
    stage.attempts(1);
    gate.open();
    for outcome in stage.clause.soon(callers.join(), "waiting together").await {
        let token = stage.clause.succeeds(outcome, "waiting together");
        stage.reads(&token, "contract-a");
    }
    stage.attempts(1);
}

async fn shared_failure<S: TokenSource>(stage: Stage<S>) {
    let gate = Gate::new();
    stage.grant.waits(&gate).fails(unavailable());
    let mut callers = Crowd::new(&stage.source, CALLERS);
    callers.settle().await;
    stage.until_attempts(1).await;
    gate.open();
    for outcome in stage.clause.soon(callers.join(), "waiting together").await {
        let error = stage.clause.fails(outcome, "waiting for a failure");
        let doing = "the shared failure";
        stage.clause.kind(&error, ErrorKind::Unavailable, doing);
    }
    stage.attempts(1);
}

async fn recovers<S: TokenSource>(stage: Stage<S>) {
    stage
        .grant
        .fails(unavailable())
        .issues("contract-a", LIFETIME);
    let failed = stage.clause.soon(stage.source.token(), "token()").await;
    stage
        .clause
        .fails(failed, "an attempt that the grant let fail");
    for _ in 0..TRIES {
        stage.clock.advance(LIFETIME);
        let token = stage.clause.soon(stage.source.token(), "token()").await;
        if let Ok(token) = token {
            return stage.reads(&token, "contract-a");
        }
    }
    stage
        .clause
        .broken("hours after one failure there is still no token");
}

async fn dropped_caller<S: TokenSource>(stage: Stage<S>) {
    let gate = Gate::new();
    stage.grant.waits(&gate).issues("contract-a", LIFETIME);
    stage.grant.issues("contract-b", LIFETIME);
    let mut callers = Crowd::new(&stage.source, 3);
    callers.settle().await;
    stage.until_attempts(1).await;
    callers.drop_first(1);
    callers.settle().await;
    let abandoned = stage.grant.abandoned();
    stage
        .clause
        .holds(abandoned == 0, "the attempt was dropped with its caller");
    gate.open();
    for outcome in stage.clause.soon(callers.join(), "waiting on").await {
        let token = stage.clause.succeeds(outcome, "waiting on");
        stage.reads(&token, "contract-a");
    }
    stage.attempts(1);
}

async fn origins<S: TokenSource>(stage: Stage<S>) {
    stage.grant.issues("contract-a", LIFETIME);
    let before = stage.source.origins().clone();
    stage.token().await;
    let same = stage.source.origins() == &before && stage.source.origins() == &before;
    stage.clause.holds(same, "the origins changed");
}

async fn secrecy<S: TokenSource + fmt::Debug>(stage: Stage<S>) {
    let (planted, grant) = (stage.planted(), &stage.grant);
    grant.rotates_to("contract-access", LIFETIME, "contract-refresh");
    stage.token().await;
    let shows = planted.shows_in(&stage.source);
    stage.clause.holds(!shows, "Debug shows a token");
}
