//! Every call of a source that waits, dropped after each poll, in each window of a token.

use std::time::Duration;

use auth_core::{Cached, Exchange, Grant, TokenSet, TokenSource};
use auth_oauth2::RefreshToken;

use super::{
    MOST, Work, drop_after, ends,
    flows::{Book, flows, play},
    idle,
    scene::{Flow, Scene, dropped_everywhere, in_order},
    tasks, until_tasks,
};

const SECOND: Duration = Duration::from_secs(1);
/// How long the tokens last.
const LIFE: Duration = Duration::from_secs(300);

type Call = fn(Cached) -> Work;

const TOKEN: Call = |source| Box::pin(async move { source.token().await.map(drop) });
const WARM_UP: Call = |source| Box::pin(async move { source.warm_up().await });
const RENEW_NOW: Call = |source| Box::pin(async move { source.renew_now().await.map(drop) });

fn calls() -> Vec<Flow> {
    flows! {
        warm_up: cold(WARM_UP), [("refresh_token", 1)], then "refresh_token" after LIFE;
        renew_with_nothing_held: cold(RENEW_NOW), [("refresh_token", 1)], then "refresh_token" after LIFE;
        renew_while_good: held(SECOND, RENEW_NOW), [("refresh_token", 1)], then "refresh_token" after LIFE;
        token_that_must_be_replaced: held(LIFE - 10 * SECOND, TOKEN),
            [("refresh_token", 1)], then "refresh_token" after LIFE;
        token_that_was_refused: refused(), [("refresh_token", 1)], then "refresh_token" after LIFE;
        login_by_an_exchange: login_from(), [("refresh_token", 1)], then "refresh_token" after LIFE;
    }
}

#[tokio::test]
async fn each_call_loses_nothing() {
    play(calls()).await;
}

/// The login brings no access token, so the next caller refreshes, once.
fn logins() -> Vec<Flow> {
    flows! {
        login_with_nothing_held: login(empty()), [("refresh_token", 1)], then "refresh_token" after LIFE;
        login_over_another: login(full()), [("refresh_token", 1)], then "refresh_token" after LIFE;
    }
}

#[tokio::test]
async fn a_login_that_was_begun_is_put_in_place() {
    for flow in logins() {
        let met = dropped_everywhere(&flow).await;
        assert!(
            met.polls > 4,
            "{} waits only {} times",
            flow.name,
            met.polls
        );
    }
}

#[tokio::test]
async fn a_call_that_was_never_polled_does_nothing() {
    for flow in calls().into_iter().chain(logins()) {
        let scene = (flow.start)().await;
        let (idle, sent, stored) = (
            idle().await,
            scene.issuer.ledger().requests(),
            scene.stage.stored().await,
        );
        drop_after(0, scene.work).await;
        assert_eq!(tasks(), idle, "{}", flow.name);
        assert_eq!(scene.issuer.ledger().requests(), sent, "{}", flow.name);
        assert!(scene.stage.stored().await == stored, "{}", flow.name);
    }
}

/// A login that waits for an exchange under way is put in place or given up, as its caller stays or leaves; neither
/// login is spent twice, and one of the two goes on.
#[tokio::test]
async fn a_login_behind_an_exchange_is_whole_or_given_up() {
    let (mut placed, mut given_up) = (0, 0);
    for polls in 1..MOST {
        let at = format!("a login behind an exchange, dropped after poll {polls}");
        let book = Book::start().await;
        let source = book.source(book.grant());
        let idle = idle().await;
        drop_after(2, source.token()).await;
        let new = book.emulator.issue_refresh_token();
        let outcome = drop_after(polls, source.login(TokenSet::login(new.clone()))).await;
        until_tasks(idle, &at).await;
        let in_place = book.stage.stored().await.as_deref() == Some(new.expose());
        match in_place {
            true => placed += 1,
            false => given_up += 1,
        }
        ends(source.token(), &at).await.unwrap();
        // The exchange under way, and that of the new login.
        let exchanges = book.emulator.ledger().count("refresh_token");
        assert_eq!(exchanges, 1 + usize::from(in_place), "{at}");
        book.stage.clock.advance(LIFE);
        ends(source.token(), &at).await.unwrap();
        in_order(book.emulator.ledger(), &at);
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(in_place, "{at}");
            break;
        }
    }
    assert!(
        placed > 1 && given_up > 1,
        "{placed} placed, {given_up} given up"
    );
}

/// Of two callers that wait for one exchange, either may leave at any poll: the other has the token.
#[tokio::test]
async fn whoever_stays_has_the_token_of_the_exchange_that_another_began() {
    for leader_leaves in [true, false] {
        for polls in 1..MOST {
            let at = format!("leader leaves: {leader_leaves}, after poll {polls}");
            let book = Book::start().await;
            let source = book.source(book.grant());
            let (mut leader, mut follower) = (Box::pin(source.token()), Box::pin(source.token()));
            drop_after(1, &mut leader).await;
            drop_after(1, &mut follower).await;
            let (leaves, stays) = match leader_leaves {
                true => (leader, follower),
                false => (follower, leader),
            };
            let left = drop_after(polls, leaves).await;
            let token = ends(stays, &at).await.unwrap();
            assert!(book.emulator.accepts(token.access().expose()), "{at}");
            assert_eq!(book.emulator.ledger().count("refresh_token"), 1, "{at}");
            in_order(book.emulator.ledger(), &at);
            if left.is_some() {
                assert!(polls > 8);
                break;
            }
        }
    }
}

/// With the last handle gone, the exchange is finished and its login saved.
#[tokio::test]
async fn an_exchange_without_any_handle_is_saved() {
    for polls in 1..MOST {
        let at = format!("handle and caller dropped after poll {polls}");
        let book = Book::start().await;
        let source = book.source(book.grant());
        let idle = idle().await;
        let ended = drop_after(polls, source.token()).await;
        drop(source);
        until_tasks(idle, &at).await;
        assert_eq!(book.emulator.ledger().count("refresh_token"), 1, "{at}");
        let newest = book.emulator.refresh_tokens().pop().unwrap();
        let stored = book.stage.stored().await;
        assert!(
            stored.as_deref() == Some(newest.expose()),
            "{at}: a refresh token was lost"
        );
        // Another process goes on with it.
        book.stage.clock.advance(LIFE);
        let next = book.source(RefreshToken::new(book.client()));
        ends(next.token(), &at).await.unwrap();
        in_order(book.emulator.ledger(), &at);
        if ended.is_some() {
            return;
        }
    }
    panic!("it does not end");
}

async fn empty() -> (Book, Cached) {
    let book = Book::start().await;
    let source = book.source(book.grant());
    (book, source)
}

async fn full() -> (Book, Cached) {
    let (book, source) = empty().await;
    source.warm_up().await.unwrap();
    (book, source)
}

async fn cold(call: Call) -> Scene {
    let (book, source) = empty().await;
    let work = call(source.clone());
    book.scene(source, work)
}

/// A token is held, and `passed` of its life is over.
async fn held(passed: Duration, call: Call) -> Scene {
    let scene = cold(call).await;
    scene.source.warm_up().await.unwrap();
    scene.stage.clock.advance(passed);
    scene
}

async fn refused() -> Scene {
    let scene = held(SECOND, TOKEN).await;
    let token = scene.source.token().await.unwrap();
    scene.source.reject(&token);
    scene
}

async fn login_from() -> Scene {
    let (book, source) = empty().await;
    let (own, other) = (source.clone(), book.grant());
    let login = async move |ctx: Exchange| {
        let mut ctx = ctx;
        ctx.previous = other.initial().map(TokenSet::login);
        Ok((other.exchange(&ctx).await?, ()))
    };
    book.scene(source, Box::pin(async move { own.login_from(login).await }))
}

async fn login(scene: impl Future<Output = (Book, Cached)>) -> Scene {
    let (book, source) = scene.await;
    let (own, login) = (source.clone(), book.emulator.issue_refresh_token());
    let work = async move { own.login(TokenSet::login(login)).await };
    book.scene(source, Box::pin(work))
}
