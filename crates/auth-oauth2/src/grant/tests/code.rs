use std::{task::Poll, time::Duration};

use auth_core::{ErrorKind, Grant, Secret, Sent};

use super::{FIRST, REFUSED, TOKEN, held};
use crate::{
    AuthorizationCode, AuthorizationCodeGrant, Dialect,
    scripted::{Script, Stopped},
};

fn code(clock: &Stopped) -> AuthorizationCode {
    AuthorizationCode {
        code: Secret::new("c-1"),
        redirect_uri: Secret::new("https://shop.example/cb"),
        verifier: Some(Secret::new("v-1")),
        received_at: clock.exchange(None).clock.now(),
    }
}

#[tokio::test]
async fn a_code_is_sent_once_and_then_refreshed() {
    let clock = Stopped::default();
    let script = Script::default().reply(200, TOKEN).reply(200, TOKEN);
    let grant = AuthorizationCodeGrant::new(script.client(Dialect::default()), code(&clock));
    assert!(!format!("{grant:?}").contains("c-1"));
    let set = grant.exchange(&clock.exchange(None)).await.unwrap();
    grant.exchange(&clock.exchange(Some(set))).await.unwrap();
    let error = grant.exchange(&clock.exchange(None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert_eq!(
        script.sent(),
        [
            "grant_type=authorization_code&code=c-1&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&code_verifier=v-1",
            "grant_type=refresh_token&refresh_token=rt-2",
        ]
    );
}

#[tokio::test]
async fn a_code_is_sent_again_only_if_it_never_left() {
    use ErrorKind::{Configuration, LoginRequired, Unavailable};

    let cases = [
        (Script::default().fail(Sent::No), Unavailable, true),
        (Script::default().fail(Sent::Maybe), LoginRequired, false),
        (Script::default().reply(503, ""), LoginRequired, false),
        (Script::default().reply(429, ""), LoginRequired, false),
        (Script::default().reply(400, REFUSED), LoginRequired, false),
        (Script::default().reply(401, ""), Configuration, false),
        (
            Script::default().reply(200, r#"{"access_token":"cut of"#),
            LoginRequired,
            false,
        ),
        (Script::default().reply(200, "{}"), LoginRequired, false),
        (Script::default().reply(201, TOKEN), LoginRequired, false),
    ];
    for (number, (script, kind, again)) in cases.into_iter().enumerate() {
        let clock = Stopped::default();
        let script = script.reply(200, TOKEN);
        let grant = AuthorizationCodeGrant::new(script.client(Dialect::default()), code(&clock));
        let error = grant.exchange(&clock.exchange(None)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "case {number}");
        assert_eq!(
            grant.exchange(&clock.exchange(None)).await.is_ok(),
            again,
            "case {number}"
        );
        assert_eq!(
            script.sent().len(),
            if again { 2 } else { 1 },
            "case {number}"
        );
    }
}

#[tokio::test]
async fn a_dropped_exchange_does_not_bring_the_code_back() {
    let clock = Stopped::default();
    let script = Script::default().silence().reply(200, TOKEN);
    let grant = AuthorizationCodeGrant::new(script.client(Dialect::default()), code(&clock));
    let ctx = clock.exchange(None);
    let mut exchange = grant.exchange(&ctx);
    let polled = std::future::poll_fn(|task| Poll::Ready(exchange.as_mut().poll(task))).await;
    assert!(polled.is_pending());
    drop(exchange);
    assert_eq!(script.sent().len(), 1);
    let error = grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn an_old_code_is_not_sent() {
    for (age, good) in [(59, true), (60, false), (3600, false)] {
        let clock = Stopped::default();
        let script = Script::default().reply(200, TOKEN);
        let mut dialect = Dialect::default();
        dialect.code_max_age = Duration::from_secs(60);
        let grant = AuthorizationCodeGrant::new(script.client(dialect), code(&clock));
        clock.advance(Duration::from_secs(age));
        let outcome = grant.exchange(&clock.exchange(None)).await;
        assert_eq!(outcome.is_ok(), good, "{age}");
        assert_eq!(script.sent().len(), usize::from(good));
        if let Err(error) = outcome {
            assert_eq!(
                (error.code(), error.sent()),
                (Some("code_expired"), Sent::No)
            );
        }
    }
}

#[tokio::test]
async fn a_login_that_is_held_is_refreshed_and_the_code_follows_if_that_is_refused() {
    let code_sent = "grant_type=authorization_code&code=c-1";
    let cases: [(_, u64, _, &[&str]); 6] = [
        (Script::default().reply(200, TOKEN), 0, true, &[FIRST]),
        (Script::default().reply(200, TOKEN), 3600, true, &[FIRST]),
        (
            Script::default().reply(400, REFUSED).reply(200, TOKEN),
            0,
            true,
            &[FIRST, code_sent],
        ),
        (Script::default().reply(400, REFUSED), 3600, false, &[FIRST]),
        (
            Script::default().reply(400, REFUSED).fail(Sent::Maybe),
            0,
            false,
            &[FIRST, code_sent],
        ),
        (Script::default().fail(Sent::Maybe), 0, false, &[FIRST]),
    ];
    for (number, (script, age, good, sent)) in cases.into_iter().enumerate() {
        let clock = Stopped::default();
        let grant = AuthorizationCodeGrant::new(script.client(Dialect::default()), code(&clock));
        clock.advance(Duration::from_secs(age));
        let outcome = grant.exchange(&held(&clock)).await;
        assert_eq!(outcome.is_ok(), good, "case {number}");
        let all = script.sent();
        assert_eq!(all.len(), sent.len(), "case {number}");
        let matches = all
            .iter()
            .zip(sent)
            .all(|(all, sent)| all.starts_with(sent));
        assert!(matches, "case {number}: {all:?}");
        if let Err(error) = outcome {
            let refused = sent.len() == 2 || age > 0;
            let expected = match refused {
                true => (ErrorKind::LoginRequired, Sent::Answered),
                false => (ErrorKind::Unavailable, Sent::Maybe),
            };
            assert_eq!((error.kind(), error.sent()), expected, "case {number}");
        }
    }
}

#[tokio::test]
async fn an_old_code_gives_way_to_a_refresh_token_to_start_from() {
    let clock = Stopped::default();
    let script = Script::default().reply(200, TOKEN);
    let client = script.client(Dialect::default());
    let refresh = crate::RefreshToken::new(client.clone()).starting_from(Secret::new("rt-1"));
    let grant = AuthorizationCodeGrant::new(client, code(&clock)).refresh(refresh);
    clock.advance(Duration::from_secs(3600));
    grant.exchange(&clock.exchange(None)).await.unwrap();
    assert_eq!(script.sent(), [FIRST]);
}
