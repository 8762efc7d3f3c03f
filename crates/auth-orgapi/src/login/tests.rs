use std::time::Duration;

use auth_core::{ErrorKind, Lifetime, Secret, Sent, Token};
use auth_testkit::{ManualClock, ScriptedTransport};
use http::StatusCode;

use super::*;

const GRANTED: &str =
    r#"{"access_token":"new","token_type":"Bearer","expires_in":300,"refresh_token":"next"}"#;
const REFUSED: &str = r#"{"error":"invalid_grant","error_description":"made-up"}"#;

fn config() -> Config {
    Config::new("fra1.blynk.cloud", "id", Secret::new("demo-secret")).unwrap()
}

/// What is held: an access token of a minute and a refresh token.
fn held(clock: &ManualClock) -> Exchange {
    let mut ctx = Exchange::new(Arc::new(clock.clone()));
    let life = Lifetime::new(ctx.clock.now(), Duration::from_secs(60));
    let token = Token::bearer(Secret::new("old")).unwrap();
    let set = TokenSet::new(token.with_lifetime(life));
    ctx.previous = Some(set.with_refresh(Some(Secret::new("held"))));
    ctx
}

async fn run(
    config: &Config,
    transport: &ScriptedTransport,
    ctx: &Exchange,
) -> Result<TokenSet, Error> {
    let login = Login::new(config, Arc::new(transport.clone())).unwrap();
    login.exchange(ctx).await
}

fn grants(transport: &ScriptedTransport) -> Vec<&'static str> {
    let grant = |request: &auth_testkit::Recorded| {
        ["client_credentials", "refresh_token"]
            .into_iter()
            .find(|name| request.query_has("grant_type", name))
            .unwrap_or("none")
    };
    transport.requests().iter().map(grant).collect()
}

#[tokio::test]
async fn a_living_token_is_refreshed() {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, GRANTED);
    let set = run(&config(), &transport, &held(&ManualClock::new())).await;
    assert_eq!(grants(&transport), ["refresh_token"]);
    assert!(transport.requests()[0].query_has("refresh_token", "held"));
    assert_eq!(set.unwrap().refresh().map(Secret::expose), Some("next"));
}

#[tokio::test]
async fn a_refresh_without_a_new_refresh_token_forgets_the_old_one() {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, &GRANTED.replace("\"next\"", "null"));
    let set = run(&config(), &transport, &held(&ManualClock::new())).await;
    assert!(set.unwrap().refresh().is_none());
}

#[tokio::test]
async fn a_token_that_ended_or_was_refused_is_not_refreshed() {
    let clock = ManualClock::new();
    let mut refused = held(&clock);
    refused.refused = true;
    let ended = held(&clock);
    clock.advance(Duration::from_secs(60));
    let first = Exchange::new(Arc::new(clock));
    for ctx in [refused, ended, first] {
        let transport = ScriptedTransport::new();
        transport.json(StatusCode::OK, GRANTED);
        run(&config(), &transport, &ctx).await.unwrap();
        assert_eq!(grants(&transport), ["client_credentials"]);
    }
}

#[tokio::test]
async fn without_refresh_tokens_none_is_ever_sent() {
    let transport = ScriptedTransport::new();
    transport.json(StatusCode::OK, GRANTED);
    let config = config().refresh_mode(RefreshMode::Never);
    run(&config, &transport, &held(&ManualClock::new()))
        .await
        .unwrap();
    assert_eq!(grants(&transport), ["client_credentials"]);
}

#[tokio::test]
async fn a_refresh_that_failed_for_good_or_for_all_we_know_is_followed_by_one_more_request() {
    let lost = || Error::new(ErrorKind::Unavailable, "made-up").with_sent(Sent::Maybe);
    for case in 0..3 {
        let transport = ScriptedTransport::new();
        match case {
            0 => transport.json(StatusCode::BAD_REQUEST, REFUSED),
            1 => transport.json(StatusCode::BAD_GATEWAY, "{}"),
            _ => transport.fails(lost()),
        };
        transport.json(StatusCode::OK, GRANTED);
        let set = run(&config(), &transport, &held(&ManualClock::new())).await;
        assert!(set.is_ok(), "case {case}");
        assert_eq!(grants(&transport), ["refresh_token", "client_credentials"]);
    }
}

#[tokio::test]
async fn a_second_failure_ends_it() {
    let transport = ScriptedTransport::new();
    transport
        .json(StatusCode::BAD_REQUEST, REFUSED)
        .json(StatusCode::BAD_REQUEST, r#"{"error":"invalid_client"}"#);
    let error = run(&config(), &transport, &held(&ManualClock::new())).await;
    assert_eq!(error.unwrap_err().code(), Some("invalid_client"));
    assert_eq!(transport.calls(), 2);
}

#[tokio::test]
async fn a_refresh_that_did_not_happen_keeps_its_token() {
    let not_sent = Error::new(ErrorKind::Unavailable, "made-up").with_sent(Sent::No);
    for case in 0..3 {
        let transport = ScriptedTransport::new();
        match case {
            0 => transport.fails(not_sent.clone()),
            1 => transport.json(StatusCode::SERVICE_UNAVAILABLE, "{}"),
            _ => transport.json(StatusCode::TOO_MANY_REQUESTS, "{}"),
        };
        let error = run(&config(), &transport, &held(&ManualClock::new())).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(grants(&transport), ["refresh_token"]);
    }
}

#[tokio::test]
async fn another_region_is_named_and_not_visited() {
    let transport = ScriptedTransport::new();
    let location = "https://lon1.blynk.cloud/oauth2/token?refresh_token=held";
    let answer = http::Response::builder()
        .status(308)
        .header("location", location);
    transport.answers(answer.body(Default::default()).unwrap());
    let error = run(&config(), &transport, &held(&ManualClock::new())).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.code(), Some("wrong_region"));
    assert!(error.to_string().contains("lon1.blynk.cloud"), "{error}");
    assert!(!format!("{error} {error:?}").contains("held"));
    assert_eq!(transport.calls(), 1);
}

#[test]
fn what_the_plain_header_cannot_carry_is_refused() {
    let config = Config::new("fra1.blynk.cloud", "a:b", Secret::new("demo-secret")).unwrap();
    assert!(credentials(&config).is_err());
    assert!(credentials(&config.client_auth(ClientAuth::BasicEncoded)).is_ok());
}

#[test]
fn only_refresh_tokens_are_spent() {
    let transport: Arc<dyn Transport> = Arc::new(ScriptedTransport::new());
    let rotates = |config: &Config| {
        Login::new(config, Arc::clone(&transport))
            .unwrap()
            .rotates()
    };
    assert!(rotates(&config()));
    assert!(!rotates(&config().refresh_mode(RefreshMode::Never)));
}
