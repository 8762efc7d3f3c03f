//! A refresh token that the server refuses.

use std::time::Duration;

use auth_core::{ErrorKind, Event, Sent, TokenSet, store::save_login};
use auth_testkit::Fault;

use super::scene::{ADVISORY, BOTH, Scene, TOKEN, TTL, key};

#[tokio::test]
async fn fault_11_a_refusal_is_answered_by_the_login_that_another_process_saved() {
    for over in BOTH {
        let scene = Scene::start().await;
        let (mut ours, theirs) = (scene.login(over).await, scene.login(over).await);
        // Both begin with the login that was saved last, and the first use spends it.
        let first = theirs.token().await;
        assert_eq!(ours.token().await, first, "{over:?}: it is taken over");
        assert_eq!(scene.requests(), 1, "{over:?}");
        // A person logs in anew; the old login is withdrawn.
        scene.emulator.revoke_refresh_tokens();
        let anew = TokenSet::login(scene.emulator.issue_refresh_token());
        save_login(&scene.store, &key(), &anew).await.unwrap();
        scene.clock.advance(ADVISORY);
        assert_eq!(ours.token().await, first, "{over:?}");
        ours.issued().await;
        ours.issued().await;
        assert_ne!(ours.token().await, first, "{over:?}");
        assert_eq!(scene.requests(), 2, "{over:?}: no spent token was sent");
    }
}

#[tokio::test]
async fn fault_12_a_refused_login_is_reported_once_and_removed() {
    for over in BOTH {
        let scene = Scene::start().await;
        let mut client = scene.login(over).await;
        let first = client.token().await;
        scene.emulator.revoke_refresh_tokens();
        scene.clock.advance(ADVISORY);
        assert_eq!(client.token().await, first, "{over:?}");
        let error = client.failed().await;
        assert_eq!(
            (error.kind(), error.sent(), error.code()),
            (
                ErrorKind::LoginRequired,
                Sent::Answered,
                Some("invalid_grant")
            ),
            "{over:?}"
        );
        scene.is_discreet(&error);
        assert_eq!(scene.stored().await, None, "{over:?}: it is removed");
        assert_eq!(client.token().await, first, "{over:?}: good until its end");
        scene.clock.advance(TTL - ADVISORY);
        for _ in 0..3 {
            let error = client.error().await;
            assert_eq!(error.kind(), ErrorKind::LoginRequired, "{over:?}");
        }
        assert_eq!(scene.requests(), 2, "{over:?}: it is not sent again");
        // Not even after the pause: there is nothing left to send.
        scene.clock.advance(Duration::from_secs(600));
        assert_eq!(client.error().await.kind(), ErrorKind::LoginRequired);
        assert_eq!(scene.requests(), 2, "{over:?}");

        let anew = TokenSet::login(scene.emulator.issue_refresh_token());
        client.source.login(anew).await.unwrap();
        assert!(scene.emulator.accepts(&client.token().await), "{over:?}");
    }
}

#[tokio::test]
async fn fault_12_a_refusal_is_not_believed_of_a_server_that_is_down() {
    for over in BOTH {
        let scene = Scene::start().await;
        let mut client = scene.login(over).await;
        client.token().await;
        client.issued().await;
        let stored = scene.stored().await;
        scene.clock.advance(ADVISORY);
        let body = r#"{"error":"invalid_grant"}"#.to_owned();
        scene.server().next_at(TOKEN, Fault::Json(503, body));
        client.token().await;
        let error = client.failed().await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{over:?}");
        assert_eq!(scene.stored().await, stored, "{over:?}");
        scene.clock.advance(client.pause());
        client.token().await;
        let events = client.issued().await;
        assert!(matches!(events[..], [Event::Rotated]), "{over:?}");
    }
}
