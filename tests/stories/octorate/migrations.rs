//! From an old API key to a login, once.

use auth_core::ErrorKind;
use auth_testkit::Fault;

use super::{MIGRATE, PROPERTY, Story, good};

#[tokio::test]
async fn an_old_key_becomes_a_login() {
    let story = Story::start().await;
    let property = story.property();
    let key = story.emulator.add_legacy_key();
    property.migrate(key.clone(), PROPERTY).await.unwrap();
    let refresh = story.emulator.refresh_tokens()[0].expose().to_owned();
    assert_eq!(story.stored().await, Some(refresh));
    let token = good(&story, &property).await;

    let again = property.migrate(key, PROPERTY).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Configuration);
    assert_eq!(again.code(), Some("ApiSecurityException"));
    assert_eq!(
        good(&story, &property).await,
        token,
        "the login is as it was"
    );
    assert_eq!(story.count("migrate"), 2);
    story.ends_well();
}

#[tokio::test]
async fn a_lost_answer_is_said_to_be_lost_and_nothing_is_sent_again() {
    for fault in [
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Html(200),
        Fault::Html(502),
        Fault::Empty(200),
    ] {
        let story = Story::start().await;
        let key = story.emulator.add_legacy_key();
        story.emulator.server().next_at(MIGRATE, fault.clone());
        let error = story.property().migrate(key, PROPERTY).await.unwrap_err();
        assert_eq!(error.code(), Some("migration_outcome_unknown"), "{fault:?}");
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{fault:?}");
        assert_eq!(story.emulator.ledger().requests(), 1, "{fault:?}");
        assert_eq!(story.stored().await, None, "{fault:?}");
    }
}
