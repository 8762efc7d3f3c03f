//! Both generations of Octorate's replies, and every way to write a date.

use std::time::Duration;

use auth_core::{CachedBuilder, Error, Lifetime, Secret, TokenSet, TokenSource};
use auth_octorate::{Config, Octorate};
use auth_testkit::{ManualClock, ScriptedTransport};

use super::TEN_YEARS;

/// Renews the login of a property by one reply that came at 2031-03-16T17:41:51Z by the server's clock.
async fn lifetime(body: &str) -> Result<Option<Duration>, Error> {
    let transport = ScriptedTransport::new();
    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .header("date", "Sun, 16 Mar 2031 17:41:51 GMT")
        .body(bytes::Bytes::copy_from_slice(body.as_bytes()));
    transport.answers(answer.unwrap());
    let config = Config::new("demo", Secret::new("made-up"));
    let octorate = Octorate::new(config, transport).unwrap();
    let held = TokenSet::login(Secret::new("rt-demo-1"));
    let source = octorate.property("demo", |builder: CachedBuilder| {
        builder.clock(ManualClock::new()).previous(held)
    });
    let token = source.token().await?;
    assert_eq!(token.access().expose(), "at-demo-1", "{body}");
    Ok(token.lifetime().map(|life: Lifetime| life.length()))
}

#[tokio::test]
async fn both_generations_are_read() {
    let day = Some(Duration::from_secs(86_400));
    for (body, expected) in [
        (
            r#"{"access_token":"at-demo-1","refresh_token":"rt-demo-1","expireDate":"2031-03-17T17:41:51.178Z"}"#,
            Some(Duration::from_millis(86_400_178)),
        ),
        (
            r#"{"access_token":"at-demo-1","accessToken":"at-demo-1","refresh_token":"rt-demo-1",
                "token_type":"Bearer","expires_in":86400,"expireDate":"2031-03-17T17:41:51Z"}"#,
            day,
        ),
        (r#"{"accessToken":"at-demo-1","expires_in":86400}"#, day),
        (
            r#"{"access_token":"at-demo-1","expireDate":"2031-03-17T17:41:51Z"}"#,
            day,
        ),
        // What is left is told by the more trusted of the two.
        (
            r#"{"access_token":"at-demo-1","expires_in":60,"expireDate":"2031-03-17T17:41:51Z"}"#,
            Some(Duration::from_secs(60)),
        ),
        (
            r#"{"access_token":"at-demo-1","expires_in":"x","expireDate":"2031-03-17T17:41:51Z"}"#,
            day,
        ),
        (
            r#"{"access_token":"at-demo-1","expires_in":86400,"expireDate":"garbage"}"#,
            day,
        ),
        (r#"{"access_token":"at-demo-1"}"#, None),
    ] {
        assert_eq!(lifetime(body).await.unwrap(), expected, "{body}");
    }
}

#[tokio::test]
async fn every_way_to_write_a_date_is_read() {
    let day = Duration::from_secs(86_400);
    for (date, expected) in [
        (
            "2031-03-17T17:41:51.178Z",
            Some(Duration::from_millis(86_400_178)),
        ),
        ("2031-03-17T17:41:51Z", Some(day)),
        (
            "2031-03-17T17:41:51.693Z[UTC]",
            Some(Duration::from_millis(86_400_693)),
        ),
        ("2031-03-17T19:41:51+02:00", Some(day)),
        (
            "2031-03-17T19:41:51.000000001+02:00[Europe/Rome]",
            Some(day + Duration::from_nanos(1)),
        ),
        ("9999-03-17T17:41:51Z", Some(TEN_YEARS)),
        ("garbage", None),
        ("2031-03-17", None),
        ("2031-03-17T17:41:51", None),
        ("2031-13-45T17:41:51Z", None),
        ("2031-03-17T17:41:51Z[UTC", None),
        ("", None),
    ] {
        let body = serde_json::json!({ "access_token": "at-demo-1", "expireDate": date });
        let life = lifetime(&body.to_string()).await.unwrap();
        assert_eq!(life, expected, "{date}");
    }
}
