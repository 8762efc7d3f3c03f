//! What goes wrong at the token endpoint, and what becomes of it.

use auth_core::{ErrorKind, Sent};
use auth_testkit::{BasicFailureBody, Fault};
use bytes::Bytes;

use super::{HALF_A_DAY, Story, TOKEN, good, refused};

#[tokio::test]
async fn a_client_that_the_server_does_not_know_is_not_tried_again() {
    for body in [BasicFailureBody::Html, BasicFailureBody::FrameworkJson] {
        for story in Story::everywhere().await {
            let rator = story.rator();
            story.emulator.client("other", "planted-other-secret");
            story
                .emulator
                .configure(|knobs| knobs.basic_failure_body = body);
            let source = story.build(rator.password(story.user()));
            for _ in 0..3 {
                let error = refused(&source).await;
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert_eq!(error.code(), Some("invalid_client"));
                assert_eq!(error.status().map(|s| s.as_u16()), Some(401));
                assert_eq!(error.sent(), Sent::Answered);
                story.hides(&error);
                story.pass(60);
            }
            assert_eq!(story.emulator.ledger().requests(), 1);
            story.ends_well();
        }
    }
}

#[tokio::test]
async fn a_grant_that_is_not_offered_is_explained() {
    for story in Story::everywhere().await {
        story.emulator.configure(|knobs| knobs.grants.clear());
        let rator = story.rator();
        for (builder, word) in [
            (rator.password(story.user()), "grants"),
            (rator.operator_password(story.operator()), "grants"),
            (rator.client_credentials_for("op.demo"), "v17.0"),
        ] {
            let error = refused(&story.build(builder)).await;
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(word), "{error}");
            story.hides(&error);
        }
        assert_eq!(story.emulator.ledger().requests(), 3);
        story.ends_well();
    }
}

#[tokio::test]
async fn a_release_without_a_grant_is_explained() {
    let story = Story::start().await;
    let body = r#"{"error":"unsupported_grant_type","error_description":"planted"}"#;
    let fault = Fault::Json(400, body.to_owned());
    story.emulator.server().always_at(TOKEN, fault);
    let rator = story.rator();
    for (builder, word) in [
        (rator.operator_password(story.operator()), "does not offer"),
        (rator.client_credentials(), "v17.0"),
    ] {
        let error = refused(&story.build(builder)).await;
        assert_eq!(error.code(), Some("unsupported_grant_type"));
        assert!(error.to_string().contains(word), "{error}");
        story.hides(&error);
    }
}

#[tokio::test]
async fn an_operator_that_nobody_knows_is_a_matter_of_configuration() {
    for story in Story::everywhere().await {
        let source = story.build(story.rator().client_credentials_for("nobody"));
        let error = refused(&source).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("operator"), "{error}");
        story.ends_well();
    }
}

#[tokio::test]
async fn what_is_no_token_reply_is_not_taken_for_one() {
    let xml =
        "<oauth><error_description>planted</error_description><error>invalid_grant</error></oauth>";
    let answer = |status: &str, body: &str| {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        Fault::Raw(Bytes::from(text))
    };
    use ErrorKind::{Configuration, Protocol, Unavailable};
    for (fault, kind) in [
        (Fault::Html(200), Protocol),
        (answer("200 OK", xml), Protocol),
        (Fault::WrongTypes, Protocol),
        (Fault::Empty(200), Protocol),
        (answer("400 Bad Request", xml), Configuration),
        (Fault::Empty(406), Configuration),
        (Fault::Html(404), Configuration),
        (Fault::Html(503), Unavailable),
        (
            Fault::TooMany {
                retry_after: "7".into(),
            },
            Unavailable,
        ),
        (
            Fault::Json(
                200,
                r#"{"access_token":"planted","token_type":"mac"}"#.into(),
            ),
            Protocol,
        ),
        (
            Fault::Json(
                200,
                r#"{"error":"server_error","access_token":"planted"}"#.into(),
            ),
            Unavailable,
        ),
    ] {
        let name = format!("{fault:?}");
        let story = Story::start().await;
        story.emulator.server().always_at(TOKEN, fault);
        let source = story.source();
        let error = refused(&source).await;
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
        story.hides(&error);
        refused(&source).await;
        assert_eq!(story.emulator.ledger().requests(), 1, "{name}");
        story.ends_well();
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (story, other) = (Story::start().await, Story::start().await);
    other.emulator.ledger().foreign(story.emulator.ledger());
    let location = format!("{}?planted=1", other.emulator.token_url());
    let fault = Fault::Redirect {
        status: 307,
        location,
    };
    story.emulator.server().always_at(TOKEN, fault);
    let error = refused(&story.source()).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    story.hides(&error);
    assert_eq!(other.emulator.ledger().requests(), 0);
    story.ends_well();
    other.ends_well();
}

#[tokio::test]
async fn a_server_that_is_away_costs_nothing_but_time() {
    for story in Story::everywhere().await {
        let source = story.source();
        good(&story, &source).await;
        story.clock.advance(HALF_A_DAY);
        let server = story.emulator.server();
        server.always_at(TOKEN, Fault::ResetBefore);
        let error = refused(&source).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        story.hides(&error);
        server.clear();
        story.pass(2);
        good(&story, &source).await;
        story.ends_well();
    }
}
