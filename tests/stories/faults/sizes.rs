//! Answers without end.

use auth_core::{ErrorKind, Sent};
use auth_testkit::Fault;

use super::scene::{BOTH, Scene, endure};

#[tokio::test]
async fn fault_06_an_endless_body_is_cut_off() {
    for over in BOTH {
        endure(over, Fault::HugeBody, |error| {
            assert_eq!(
                (error.kind(), error.sent()),
                (ErrorKind::Unavailable, Sent::Answered),
                "{over:?}"
            );
            assert!(error.to_string().contains("longer than"), "{error}");
        })
        .await;
    }
}

#[tokio::test]
async fn fault_07_endless_headers_are_cut_off() {
    for over in BOTH {
        endure(over, Fault::EndlessHeaders, |error| {
            assert_eq!(
                (error.kind(), error.sent()),
                (ErrorKind::Unavailable, Sent::Maybe),
                "{over:?}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn fault_08_a_compressed_answer_is_not_asked_for_and_not_unpacked() {
    for over in BOTH {
        let scene = Scene::start().await;
        scene.machine(over).token().await;
        let sent = scene.emulator.ledger().last().unwrap();
        let asked = sent.header("accept-encoding");
        assert!(matches!(asked, None | Some("identity")), "{over:?}");

        endure(over, Fault::GzipBomb, |error| {
            assert_eq!(
                (error.kind(), error.sent(), error.code()),
                (
                    ErrorKind::Unavailable,
                    Sent::Answered,
                    Some("content_encoding")
                ),
                "{over:?}"
            );
        })
        .await;
    }
}
