//! Looking for a token, and what ends it.

use std::fmt;

use auth_core::{Clock, Held, Peek, Token, TokenSource};
use tokio::task::yield_now;

use super::{LIFETIME, Stage};
use crate::{Gate, ManualClock, ScriptedGrant, token};

pub(super) async fn run<S, F>(build: &F)
where
    S: TokenSource + fmt::Debug + 'static,
    F: Fn(ScriptedGrant, ManualClock) -> S + Sync,
{
    peek(Stage::new("peek", build), Stage::new("peek", build)).await;
    renew(Stage::new("renew", build)).await;
    renew_once(Stage::new("renew_once", build)).await;
    expired(Stage::new("expired", build), ManualClock::advance).await;
    expired(Stage::new("suspended", build), ManualClock::suspend).await;
    reject(Stage::new("reject", build)).await;
    late_reject(Stage::new("late_reject", build)).await;
}

async fn peek<S: TokenSource>(one: Stage<S>, other: Stage<S>) {
    let mut shared = Held::shared();
    let empty = look(&one, &mut shared);
    let clause = one.clause;
    clause.holds(empty.is_none(), "a look found a token before there was one");
    one.grant.issues("contract-a", LIFETIME);
    other.grant.issues("contract-b", LIFETIME);
    let (a, b) = (one.token().await, other.token().await);
    let mut held = Held::new();
    for _ in 0..2 {
        for (stage, token) in [(&one, &a), (&other, &b), (&other, &b), (&one, &a)] {
            for held in [&mut held, &mut shared] {
                let found = look(stage, held).unwrap_or_else(|| token.clone());
                let same = found.generation() == token.generation();
                clause.holds(same, "a look and token() disagree on the current token");
            }
        }
    }
}

async fn renew<S: TokenSource>(stage: Stage<S>) {
    let gate = Gate::new();
    stage.grant.issues("contract-a", LIFETIME);
    stage.grant.waits(&gate).issues("contract-b", LIFETIME);
    let token = stage.token().await;
    for _ in 0..4 {
        stage.source.renew();
        yield_now().await;
    }
    stage.clause.holds(
        stage.grant.calls() <= 2,
        "asking again and again for a renewal started several attempts",
    );
    let now = stage.token().await;
    stage.reads(&now, "contract-a");
    let mut held = Held::new();
    let found = look(&stage, &mut held).unwrap_or(now);
    let same = found.generation() == token.generation();
    stage
        .clause
        .holds(same, "a good token was taken away during its renewal");
    gate.open();
}

async fn renew_once<S: TokenSource>(stage: Stage<S>) {
    stage.grant.issues("contract-a", LIFETIME);
    stage.token().await;
    let mut renewals = 0;
    // In steps of a hundredth of its life, up to shortly before its end.
    for _ in 0..90 {
        stage.clock.advance(LIFETIME / 100);
        for _ in 0..4 {
            let answer = stage.source.peek(&mut Held::new());
            renewals += usize::from(answer == Peek::Renew);
        }
        if renewals > 0 {
            break;
        }
    }
    stage.clause.holds(
        renewals < 2,
        format_args!("{renewals} looks at one moment were all told to renew"),
    );
}

async fn expired<S: TokenSource>(
    stage: Stage<S>,
    pass: impl Fn(&ManualClock, std::time::Duration) + Send,
) {
    stage.grant.issues("contract-a", LIFETIME);
    stage.grant.issues("contract-b", LIFETIME);
    let mut held = Held::new();
    stage.token().await;
    look(&stage, &mut held);
    pass(&stage.clock, LIFETIME);
    let found = look(&stage, &mut held);
    let good = found.is_none_or(|token| token.access().expose() != "contract-a");
    stage
        .clause
        .holds(good, "a look found a token past its end");
    let token = stage.token().await;
    let ended = token
        .lifetime()
        .is_some_and(|life| life.ends().has_come(stage.clock.now()));
    stage
        .clause
        .holds(!ended, "token() gave out a token past its end");
}

async fn reject<S: TokenSource>(stage: Stage<S>) {
    stage.grant.issues("contract-a", LIFETIME);
    stage.grant.issues("contract-b", LIFETIME);
    let mut held = Held::new();
    let refused = stage.token().await;
    look(&stage, &mut held);
    stage.source.reject(&refused);
    for held in [&mut held, &mut Held::new()] {
        let found = look(&stage, held);
        let gone = found.is_none_or(|token| token.generation() != refused.generation());
        stage
            .clause
            .holds(gone, "a look found a token that was refused");
    }
    let next = stage.token().await;
    stage.clause.holds(
        next.generation() != refused.generation(),
        "token() gave out a token that was refused",
    );
    stage.reads(&next, "contract-b");
}

async fn late_reject<S: TokenSource>(stage: Stage<S>) {
    stage.grant.issues("contract-a", LIFETIME);
    stage.grant.issues("contract-b", LIFETIME);
    stage.grant.issues("contract-c", LIFETIME);
    let first = stage.token().await;
    stage.source.reject(&first);
    let second = stage.token().await;
    let made = stage.grant.calls();
    let mut held = Held::new();
    let before = stage.source.peek(&mut held);
    // Not even one that reads the same is the same token.
    let stranger = token(second.access().expose(), LIFETIME, &stage.clock);
    for late in [&first, &stranger] {
        stage.source.reject(late);
        yield_now().await;
        let after = stage.source.peek(&mut held);
        stage.clause.holds(
            (after == Peek::Absent) == (before == Peek::Absent),
            format_args!("after the refusal of another token a look answers {after:?}"),
        );
        let now = stage.token().await;
        let same = now.generation() == second.generation();
        stage.clause.holds(
            same,
            "the refusal of another token replaced the current one",
        );
    }
    stage.attempts(made);
}

/// Looks for a token, as whoever attaches it does.
fn look<S: TokenSource>(stage: &Stage<S>, held: &mut Held) -> Option<Token> {
    match stage.source.peek(held) {
        Peek::Absent => None,
        Peek::Ready | Peek::Renew => {
            let token = held.token().cloned();
            stage
                .clause
                .holds(token.is_some(), "a look answered without a token");
            token
        }
    }
}
