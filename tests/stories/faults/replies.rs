//! Replies with a token that is odd in some way.

use std::time::Duration;

use auth_core::{ErrorKind, Event, MAX_LIFETIME, Sent, Token, TokenSource};
use auth_testkit::Fault;

use super::scene::{ADVISORY, BOTH, Client, Over, Scene, TOKEN, TTL};

const SECOND: Duration = Duration::from_secs(1);

/// Returns a scene whose endpoint answers the first request with a token and these members beside it.
async fn answering(over: Over, members: &str) -> (Scene, Client) {
    let scene = Scene::start().await;
    let body = format!(r#"{{"access_token":"planted"{members}}}"#);
    scene.server().next_at(TOKEN, Fault::Json(200, body));
    let client = scene.machine(over);
    (scene, client)
}

async fn granted(over: Over, members: &str) -> (Scene, Client, Token) {
    let (scene, client) = answering(over, members).await;
    let token = client.source.token().await.unwrap();
    (scene, client, token)
}

/// Checks that nobody gets a token of the first reply, and that the next one is good.
async fn is_refused(scene: &Scene, client: &Client, name: &str) {
    for _ in 0..2 {
        let error = client.error().await;
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Protocol, Sent::Answered),
            "{name}"
        );
        scene.is_discreet(&error);
    }
    assert_eq!(scene.requests(), 1, "{name}");
    scene.clock.advance(client.pause());
    assert!(scene.emulator.accepts(&client.token().await), "{name}");
}

#[tokio::test]
async fn fault_17_any_lifetime_is_understood() {
    let hour = Duration::from_secs(3600);
    let table = [
        ("", None),
        (r#","expires_in":null"#, None),
        (r#","expires_in":"soon""#, None),
        (r#","expires_in":[3600]"#, None),
        (r#","expires_in":0"#, Some(Duration::ZERO)),
        (r#","expires_in":-1"#, Some(Duration::ZERO)),
        (
            r#","expires_in":-9223372036854775808"#,
            Some(Duration::ZERO),
        ),
        (r#","expires_in":18446744073709551615"#, Some(MAX_LIFETIME)),
        (r#","expires_in":18446744073709551616"#, Some(MAX_LIFETIME)),
        (r#","expires_in":1e300"#, Some(MAX_LIFETIME)),
        (r#","expires_in":"3600""#, Some(hour)),
        (r#","expires_in":3600.9"#, Some(hour)),
        (r#","expires_in":3600"#, Some(hour)),
    ];
    for over in BOTH {
        for (members, length) in table {
            let (scene, client, token) = granted(over, members).await;
            assert_eq!(
                token.lifetime().map(|life| life.length()),
                length,
                "{over:?} {members}"
            );
            // It is used at least once, and until its end.
            let end = length
                .unwrap_or(10 * MAX_LIFETIME)
                .saturating_sub(hour / 60);
            scene.clock.advance(end);
            assert_eq!(client.token().await, "planted", "{over:?} {members}");
            if length.is_none() {
                assert_eq!(scene.requests(), 1, "it is used until it is refused");
                client.source.reject(&token);
            } else {
                scene.clock.advance(hour / 60);
            }
            // What ended before it came is used for a moment, and not asked for in a loop.
            if length == Some(Duration::ZERO) {
                scene.clock.advance(SECOND);
            }
            assert!(scene.emulator.accepts(&client.token().await), "{members}");
            assert_eq!(scene.requests(), 2, "{over:?} {members}");
        }
    }
}

#[tokio::test]
async fn fault_17_tokens_that_ended_before_they_came_are_asked_for_once_a_second() {
    let scene = Scene::start().await;
    let body = r#"{"access_token":"planted","expires_in":0}"#.to_owned();
    scene.server().always_at(TOKEN, Fault::Json(200, body));
    let client = scene.machine(Over::Reqwest);
    for _ in 0..10 {
        client.token().await;
    }
    assert_eq!(scene.requests(), 1);
    for _ in 0..100 {
        scene.clock.advance(SECOND / 10);
        // The same token over and over is a reason to pause; in a pause, no token is served beyond its end.
        let _ = client.source.token().await;
    }
    assert!(scene.requests() <= 11, "{} requests", scene.requests());
}

#[tokio::test]
async fn fault_18_a_token_of_another_type_is_not_used() {
    for over in BOTH {
        for kind in [r#""mac""#, r#""DPoP""#, r#""""#, "7", "{}"] {
            let (scene, client) = answering(over, &format!(r#","token_type":{kind}"#)).await;
            is_refused(&scene, &client, kind).await;
        }
        for kind in ["", r#","token_type":null"#, r#","token_type":"bEARER""#] {
            let (_, _, token) = granted(over, kind).await;
            assert_eq!(token.access().expose(), "planted");
        }
    }
}

#[tokio::test]
async fn fault_19_without_a_new_refresh_token_the_old_one_stays() {
    for over in BOTH {
        let scene = Scene::start().await;
        scene.emulator.configure(|knobs| knobs.rotate = false);
        let client = scene.login(over).await;
        let (kept, mut version) = scene.stored().await.unwrap();
        for round in 1..=3 {
            assert!(scene.emulator.accepts(&client.token().await), "{over:?}");
            let last = scene.emulator.ledger().last().unwrap();
            assert_eq!(last.form_value("refresh_token").as_ref(), Some(&kept));
            let (now, newer) = scene.stored().await.unwrap();
            assert_eq!(now, kept, "{over:?} round {round}");
            assert!(newer > version, "the access token is saved too");
            version = newer;
            scene.clock.advance(TTL);
        }
        assert_eq!(scene.requests(), 3, "{over:?}");
    }
}

#[tokio::test]
async fn fault_20_the_same_refresh_token_again_is_kept_and_saved() {
    for over in BOTH {
        let scene = Scene::start().await;
        let mut client = scene.login(over).await;
        let (kept, before) = scene.stored().await.unwrap();
        let body =
            format!(r#"{{"access_token":"planted","expires_in":300,"refresh_token":"{kept}"}}"#);
        scene.server().next_at(TOKEN, Fault::Json(200, body));
        assert_eq!(client.token().await, "planted");
        let (now, after) = scene.stored().await.unwrap();
        assert_eq!(now, kept, "{over:?}");
        assert!(after > before, "{over:?}: the version moves");
        let events = client.issued().await;
        assert!(events.is_empty(), "{over:?}: nothing was rotated");

        scene.clock.advance(TTL);
        client.token().await;
        let events = client.issued().await;
        assert!(matches!(events[..], [Event::Rotated]), "{over:?}");
        assert_ne!(scene.stored().await.unwrap().0, kept, "{over:?}");
    }
}

#[tokio::test]
async fn fault_21_a_narrower_scope_is_recorded() {
    for over in BOTH {
        let scene = Scene::start().await;
        scene
            .emulator
            .configure(|knobs| knobs.granted_scope = Some("read".into()));
        let client = scene.machine(over);
        let token = client.source.token().await.unwrap();
        assert_eq!(token.scope(), Some("read"), "{over:?}");
        let (_, _, listed) = granted(over, r#","scope":["a","b"]"#).await;
        assert_eq!(listed.scope(), Some("a b"), "{over:?}");
        let (_, _, unnamed) = granted(over, "").await;
        assert_eq!(unnamed.scope(), None, "{over:?}");
    }
}

#[tokio::test]
async fn fault_22_a_token_that_would_break_the_header_is_refused() {
    for over in BOTH {
        for text in [
            r"planted\r\nx-planted: 1",
            r"planted\u0000",
            r"planted\u0007",
            r"plant\u00e9d",
            r"\ud83d\ude00planted",
            "planted planted",
            "",
        ] {
            let scene = Scene::start().await;
            let body = format!(r#"{{"access_token":"{text}","expires_in":300}}"#);
            scene.server().next_at(TOKEN, Fault::Json(200, body));
            let client = scene.machine(over);
            is_refused(&scene, &client, text).await;
        }
    }
}

#[tokio::test]
async fn fault_23_a_member_that_stands_twice_makes_the_reply_unreadable() {
    for over in BOTH {
        for members in [
            r#","access_token":"other""#,
            // The same name, written otherwise.
            r#","access\u005ftoken":"other""#,
            r#","expires_in":300,"expires_in":86400"#,
        ] {
            let (scene, client) = answering(over, members).await;
            is_refused(&scene, &client, members).await;
        }
    }
}

#[tokio::test]
async fn fault_24_the_same_token_near_its_end_starts_a_pause() {
    for over in BOTH {
        let scene = Scene::start().await;
        let mut client = scene.machine(over);
        let reply = |left: u64| {
            let body = format!(r#"{{"access_token":"planted","expires_in":{left}}}"#);
            scene.server().next_at(TOKEN, Fault::Json(200, body));
        };
        reply(300);
        client.token().await;
        client.issued().await;
        scene.clock.advance(ADVISORY);
        reply(50);
        client.token().await;
        client.issued().await;
        for _ in 0..100 {
            assert_eq!(client.token().await, "planted", "{over:?}");
        }
        assert_eq!(scene.requests(), 2, "{over:?}: there is no loop");
        assert!(client.pause() > Duration::ZERO, "{over:?}");
        // The last fifth of what is left, where a renewal is due again.
        scene.clock.advance(Duration::from_secs(45));
        client.token().await;
        client.issued().await;
        assert!(scene.emulator.accepts(&client.token().await), "{over:?}");
        assert_eq!(scene.requests(), 3, "{over:?}");
    }
}
