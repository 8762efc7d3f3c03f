//! Answers that are no tokens.

use std::time::{Duration, SystemTime};

use auth_core::{Clock, Error, ErrorKind, Sent};
use auth_testkit::{Fault, OAuth2Emulator};

use super::scene::{ADVISORY, BOTH, Over, Scene, TOKEN, TTL, endure};

fn json(status: u16, body: &str) -> Fault {
    Fault::Json(status, body.to_owned())
}

fn is(error: &Error, kind: ErrorKind, status: u16, code: Option<&str>) {
    assert_eq!((error.kind(), error.sent()), (kind, Sent::Answered));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    assert_eq!(error.code(), code);
}

#[tokio::test]
async fn fault_09_a_web_page_in_place_of_a_token_is_a_typed_error() {
    for over in BOTH {
        endure(over, Fault::Html(200), |error| {
            is(error, ErrorKind::Protocol, 200, None);
        })
        .await;
    }
}

#[tokio::test]
async fn fault_10_an_error_with_status_200_is_an_error() {
    let table = [
        (
            r#"{"error":"invalid_client","error_description":"planted"}"#,
            ErrorKind::Configuration,
            "invalid_client",
        ),
        // A token beside the error does not make it a success.
        (
            r#"{"error":"temporarily_unavailable","access_token":"planted","token_type":"Bearer"}"#,
            ErrorKind::Unavailable,
            "temporarily_unavailable",
        ),
        (
            r#"{"error":"made_up","error_description":"planted"}"#,
            ErrorKind::Protocol,
            "made_up",
        ),
    ];
    for over in BOTH {
        for (body, kind, code) in table {
            endure(over, json(200, body), |error| {
                is(error, kind, 200, Some(code));
            })
            .await;
        }
    }
}

#[tokio::test]
async fn fault_13_a_refused_client_is_not_tried_again_and_keeps_its_login() {
    for over in BOTH {
        let scene = Scene::start().await;
        let mut client = scene.login(over).await;
        let first = client.token().await;
        let stored = scene.stored().await;
        scene.clock.advance(ADVISORY);
        let (id, secret) = (scene.emulator.client_id(), scene.emulator.client_secret());
        scene.emulator.client(&id, "made-up-other");
        assert_eq!(client.token().await, first);
        let error = client.failed().await;
        is(
            &error,
            ErrorKind::Configuration,
            401,
            Some("invalid_client"),
        );
        scene.is_discreet(&error);
        assert!(!format!("{error:?}").contains(secret.expose()));

        // Five minutes, however many ask.
        scene.clock.advance(TTL - ADVISORY);
        for _ in 0..4 {
            let error = client.error().await;
            is(
                &error,
                ErrorKind::Configuration,
                401,
                Some("invalid_client"),
            );
            scene.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(scene.requests(), 2);
        assert_eq!(scene.stored().await, stored, "the refresh token is kept");

        scene.emulator.client(&id, secret.expose());
        scene.clock.advance(client.pause());
        assert!(scene.emulator.accepts(&client.token().await));
        assert_eq!(scene.emulator.reuses(), 0);
    }
}

#[tokio::test]
async fn fault_14_the_wait_that_is_asked_for_is_kept_within_the_policy() {
    let seconds = Duration::from_secs;
    let longest = seconds(600);
    let date = |wall: SystemTime| httpdate::fmt_http_date(wall);
    for over in BOTH {
        let wall = Scene::start().await.clock.wall();
        // The value, and the shortest and longest pause that may come of it.
        let table = [
            ("120".to_owned(), seconds(120), seconds(120)),
            (date(wall + seconds(90)), seconds(89), seconds(91)),
            ("1000000000".to_owned(), longest, longest),
            ("99999999999999999999999".to_owned(), longest, longest),
            ("Fri, 31 Dec 9999 23:59:59 GMT".to_owned(), longest, longest),
            (date(wall - seconds(90)), Duration::ZERO, seconds(1)),
            ("soon".to_owned(), Duration::ZERO, seconds(1)),
            ("-5".to_owned(), Duration::ZERO, seconds(1)),
            ("1e9".to_owned(), Duration::ZERO, seconds(1)),
            (String::new(), Duration::ZERO, seconds(1)),
        ];
        for (retry_after, least, most) in table {
            let name = format!("{over:?} {retry_after:?}");
            let scene = Scene::start().await;
            scene.server().next(Fault::TooMany { retry_after });
            let client = scene.machine(over);
            let error = client.error().await;
            is(&error, ErrorKind::Unavailable, 429, None);
            let pause = client.pause();
            assert!(!pause.is_zero(), "{name}");
            assert!((least..=most).contains(&pause), "{name}: {pause:?}");
            scene.clock.advance(pause - Duration::from_millis(1));
            is(&client.error().await, ErrorKind::Unavailable, 429, None);
            assert_eq!(scene.requests(), 1, "{name}");
            scene.clock.advance(Duration::from_millis(1));
            assert!(scene.emulator.accepts(&client.token().await), "{name}");
            assert_eq!(scene.requests(), 2, "{name}");
        }
    }
}

#[tokio::test]
async fn fault_15_a_server_that_fails_is_asked_once_per_step() {
    for over in BOTH {
        for status in [500, 502, 503, 504] {
            for fault in [
                Fault::Status(status),
                Fault::Html(status),
                Fault::Empty(status),
            ] {
                endure(over, fault, |error| {
                    is(error, ErrorKind::Unavailable, status, None);
                })
                .await;
            }
        }
        let scene = Scene::start().await;
        scene.server().always_at(TOKEN, Fault::Status(503));
        let client = scene.machine(over);
        for step in 1..=10 {
            client.error().await;
            client.error().await;
            assert_eq!(scene.requests(), step, "{over:?}");
            let most = Duration::from_secs(1 << (step - 1)).min(Duration::from_secs(300));
            assert!(client.pause() <= most, "{over:?} step {step}");
            scene.clock.advance(client.pause());
        }
    }
}

#[tokio::test]
async fn fault_16_a_redirect_elsewhere_is_refused() {
    for over in BOTH {
        for status in [301, 302, 303, 307, 308] {
            elsewhere(over, status).await;
        }
    }
}

async fn elsewhere(over: Over, status: u16) {
    let other = Scene::start().await;
    let there: &OAuth2Emulator = &other.emulator;
    let location = format!("{}?planted=1", there.token_url());
    endure(over, Fault::Redirect { status, location }, |error| {
        is(error, ErrorKind::Configuration, status, Some("redirect"));
    })
    .await;
    assert_eq!(there.ledger().connections(), 0, "{over:?} {status}");
}
