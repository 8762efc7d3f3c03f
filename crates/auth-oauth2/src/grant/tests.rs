use std::time::Duration;

use auth_core::{Error, ErrorKind, Exchange, Grant, Lifetime, Secret, Sent, Token, TokenSet};

use super::{ClientCredentials, OnUnknown, OrElse, RefreshToken, RefreshWhen};
use crate::{
    Dialect,
    scripted::{Script, Stopped},
};

mod code;
mod refused;

const TOKEN: &str = r#"{"access_token":"at","expires_in":60,"refresh_token":"rt-2"}"#;
const BARE: &str = r#"{"access_token":"at","expires_in":60}"#;
const REFUSED: &str = r#"{"error":"invalid_grant"}"#;
const FIRST: &str = "grant_type=refresh_token&refresh_token=rt-1";
const OTHER: &str = "grant_type=client_credentials";

/// Returns a context that holds `rt-1` beside a token of 60 seconds.
fn held(clock: &Stopped) -> Exchange {
    let ctx = clock.exchange(None);
    let life = Lifetime::new(ctx.clock.now(), Duration::from_secs(60));
    let token = Token::bearer(Secret::new("at-1"))
        .unwrap()
        .with_lifetime(life);
    let set = TokenSet::new(token).with_refresh(Some(Secret::new("rt-1")));
    clock.exchange(Some(set))
}

fn steady() -> Dialect {
    let mut dialect = Dialect::default();
    dialect.rotates = false;
    dialect
}

#[tokio::test]
async fn client_credentials_ask_for_a_scope_if_told_to() {
    let script = Script::default().reply(200, TOKEN).reply(200, TOKEN);
    let grant = ClientCredentials::new(script.client(Dialect::default()));
    let ctx = Stopped::default().exchange(None);
    grant.exchange(&ctx).await.unwrap();
    let grant = grant
        .scope("read write")
        .parameter("operator", Secret::new("op.demo"));
    grant.exchange(&ctx).await.unwrap();
    assert_eq!(
        script.sent(),
        [
            OTHER,
            "grant_type=client_credentials&scope=read+write&operator=op.demo"
        ]
    );
    assert!(!grant.rotates());
}

#[tokio::test]
async fn the_token_started_from_is_given_up_once_it_was_sent_whoever_handed_it_over() {
    let script = Script::default().reply(400, REFUSED);
    let client = script.client(Dialect::default());
    let grant = RefreshToken::new(client).starting_from(Secret::new("rt-1"));
    // A store keeps it, and gives it back as the set held.
    let login = grant.initial().map(TokenSet::login);
    let ctx = Stopped::default().exchange(login);
    let error = grant.exchange(&ctx).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert_eq!(script.sent(), [FIRST]);
    assert!(grant.initial().is_none());
}

#[tokio::test]
async fn a_refresh_sends_the_token_held_and_never_an_older_one() {
    let script = Script::default().reply(200, TOKEN);
    let grant =
        RefreshToken::new(script.client(Dialect::default())).starting_from(Secret::new("rt-0"));
    let set = grant.exchange(&held(&Stopped::default())).await.unwrap();
    assert_eq!(script.sent(), [FIRST]);
    assert_eq!(set.refresh().map(Secret::expose), Some("rt-2"));
    // A set without a refresh token means that the login is over, whatever it began with.
    let over = Stopped::default().exchange(Some(TokenSet::new(set.token().unwrap().clone())));
    let error = grant.exchange(&over).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::LoginRequired, Sent::No)
    );
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn the_first_refresh_token_is_not_sent_again_once_it_may_be_spent() {
    let cases = [
        (Script::default().reply(200, BARE), true, false),
        (Script::default().reply(200, BARE), false, true),
        (Script::default().reply(400, REFUSED), true, false),
        (Script::default().reply(400, REFUSED), false, false),
        (Script::default().fail(Sent::Maybe), true, false),
        (Script::default().fail(Sent::Maybe), false, true),
        (Script::default().fail(Sent::No), true, true),
        (Script::default().reply(503, ""), true, true),
        (
            Script::default().reply(401, r#"{"error":"invalid_client"}"#),
            true,
            true,
        ),
    ];
    for (number, (script, rotates, again)) in cases.into_iter().enumerate() {
        let script = script.reply(200, TOKEN);
        let mut dialect = Dialect::default();
        dialect.rotates = rotates;
        let grant = RefreshToken::new(script.client(dialect)).starting_from(Secret::new("rt-1"));
        let ctx = Stopped::default().exchange(None);
        let _ = grant.exchange(&ctx).await;
        assert_eq!(grant.exchange(&ctx).await.is_ok(), again, "case {number}");
        assert_eq!(
            script.sent().len(),
            if again { 2 } else { 1 },
            "case {number}"
        );
    }
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_not_for_more() {
    let script = Script::default().reply(200, TOKEN);
    let grant = RefreshToken::new(script.client(Dialect::default()));
    let more = grant
        .clone()
        .narrowed("read admin", "read write")
        .unwrap_err();
    assert_eq!(more.kind(), ErrorKind::Configuration);
    let less = grant.narrowed("read", "read write").unwrap();
    less.exchange(&held(&Stopped::default())).await.unwrap();
    assert_eq!(script.sent(), [format!("{FIRST}&scope=read")]);
}

#[tokio::test]
async fn or_else_runs_the_other_grant_once() {
    let cases: [(_, _, _, &[&str]); 8] = [
        (Script::default(), OnUnknown::Other, true, &[FIRST]),
        (
            Script::default().reply(400, REFUSED),
            OnUnknown::Other,
            true,
            &[FIRST, OTHER],
        ),
        (
            Script::default().reply(400, REFUSED),
            OnUnknown::Fail,
            true,
            &[FIRST, OTHER],
        ),
        (
            Script::default().fail(Sent::Maybe),
            OnUnknown::Other,
            true,
            &[FIRST, OTHER],
        ),
        (
            Script::default().fail(Sent::Maybe),
            OnUnknown::Fail,
            false,
            &[FIRST],
        ),
        (
            Script::default().fail(Sent::No),
            OnUnknown::Other,
            false,
            &[FIRST],
        ),
        (
            Script::default().reply(200, "cut off in the mid"),
            OnUnknown::Other,
            true,
            &[FIRST, OTHER],
        ),
        (
            Script::default().reply(503, ""),
            OnUnknown::Other,
            false,
            &[FIRST],
        ),
    ];
    for (number, (script, unknown, good, sent)) in cases.into_iter().enumerate() {
        let script = script.reply(200, BARE);
        let client = script.client(Dialect::default());
        let refresh = RefreshToken::new(client.clone());
        let grant = OrElse::new(refresh, ClientCredentials::new(client)).on_unknown(unknown);
        let outcome = grant.exchange(&held(&Stopped::default())).await;
        assert_eq!(outcome.is_ok(), good, "case {number}");
        assert_eq!(script.sent(), sent, "case {number}");
    }
}

#[tokio::test]
async fn or_else_refreshes_only_when_it_may() {
    for (when, age, sent) in [
        (RefreshWhen::Held, 59, FIRST),
        (RefreshWhen::Held, 60, FIRST),
        (RefreshWhen::TokenAlive, 59, FIRST),
        (RefreshWhen::TokenAlive, 60, OTHER),
    ] {
        let clock = Stopped::default();
        let ctx = held(&clock);
        clock.advance(Duration::from_secs(age));
        let script = Script::default().reply(200, BARE);
        let client = script.client(steady());
        let refresh = RefreshToken::new(client.clone());
        let grant = OrElse::new(refresh, ClientCredentials::new(client)).refresh_when(when);
        grant.exchange(&ctx).await.unwrap();
        assert_eq!(script.sent(), [sent], "{when:?} {age}");
        assert!(!grant.rotates());
    }
    let script = Script::default().reply(200, BARE);
    let client = script.client(Dialect::default());
    let grant = OrElse::new(
        RefreshToken::new(client.clone()),
        ClientCredentials::new(client),
    );
    grant
        .exchange(&Stopped::default().exchange(None))
        .await
        .unwrap();
    assert_eq!(script.sent(), [OTHER]);
    assert!(grant.rotates());
}

/// Another grant that fails like this and sends nothing.
struct Fails(ErrorKind);

#[async_trait::async_trait]
impl Grant for Fails {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Err(Error::new(self.0, "the other grant failed"))
    }
}

#[tokio::test]
async fn a_login_is_over_only_if_the_server_refused_the_refresh_token() {
    use ErrorKind::{LoginRequired, Protocol, Unavailable};

    let lost = || Script::default().fail(Sent::Maybe);
    let refused = || Script::default().reply(400, REFUSED);
    for (number, (script, other, kind, sent)) in [
        (lost(), LoginRequired, Unavailable, Sent::Maybe),
        (
            Script::default().reply(200, "cut off in the mid"),
            LoginRequired,
            Protocol,
            Sent::Answered,
        ),
        (lost(), Unavailable, Unavailable, Sent::No),
        (refused(), LoginRequired, LoginRequired, Sent::Answered),
        (refused(), Unavailable, Unavailable, Sent::No),
    ]
    .into_iter()
    .enumerate()
    {
        let refresh = RefreshToken::new(script.client(Dialect::default()));
        let grant = OrElse::new(refresh, Fails(other));
        let error = grant
            .exchange(&held(&Stopped::default()))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.sent()), (kind, sent), "case {number}");
    }
    // Nothing was asked, so nothing was refused.
    let script = Script::default();
    let refresh = RefreshToken::new(script.client(Dialect::default()));
    let grant = OrElse::new(refresh, Fails(LoginRequired));
    let ctx = Stopped::default().exchange(None);
    assert_eq!(grant.exchange(&ctx).await.unwrap_err().sent(), Sent::No);
    assert!(script.sent().is_empty());
}
