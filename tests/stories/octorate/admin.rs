//! Administration: the client's configuration and new properties.

use auth_core::{ErrorKind, TokenSource};
use auth_octorate::List;
use auth_testkit::{Environment, Fault};

use super::{DAY, PROPERTY, Story, good};

const CONFIGURATION: &str = "/connect/rest/v1/api/configuration";

#[tokio::test]
async fn the_configuration_is_read_and_its_lists_are_replaced() {
    let story = Story::start().await;
    let admin = story.admin();
    let before = admin.configuration().await.unwrap();
    assert_eq!(before.redirect_uri.unwrap(), ["https://localhost"]);
    assert_eq!(before.authorization_pages.unwrap().len(), 1);
    assert_eq!(before.environment.as_deref(), Some("SANDBOX"));
    assert_eq!(before.maintenance, Some(false));

    let list = ["https://shop.example/cb", "https://shop.example/other"];
    admin.replace(List::RedirectUri, &list).await.unwrap();
    assert_eq!(story.emulator.redirect_uris(), list);
    let plain = admin
        .replace(List::RedirectUri, &["http://localhost"])
        .await;
    assert_eq!(plain.unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(story.emulator.redirect_uris(), list, "nothing was sent");

    story
        .emulator
        .configure(|knobs| knobs.environment = Environment::Production);
    let error = admin.replace(List::RedirectUri, &list).await.unwrap_err();
    assert_eq!(error.code(), Some("ApiSecurityException"));
    assert_eq!(story.count("apilogin"), 1);
    story.ends_well();
}

#[tokio::test]
async fn an_admin_token_that_ended_is_obtained_again_and_the_call_sent_once_more() {
    let story = Story::start().await;
    let admin = story.admin();
    admin.configuration().await.unwrap();
    story.emulator.expire_all_access_tokens();
    admin.configuration().await.unwrap();
    assert_eq!(story.emulator.ledger().answered(401), 1);
    story.clock.advance(DAY);
    admin.configuration().await.unwrap();
    assert_eq!(
        story.emulator.ledger().answered(401),
        1,
        "known to be over, so not sent"
    );
    assert_eq!(story.count("apilogin"), 3);
    story.ends_well();
}

#[tokio::test]
async fn a_second_refusal_of_an_admin_call_is_final() {
    let story = Story::start().await;
    let admin = story.admin();
    story
        .emulator
        .server()
        .always_at(CONFIGURATION, Fault::Empty(401));
    let error = admin.configuration().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Configuration, 401)
    );
    assert_eq!(story.emulator.ledger().answered(401), 2);
}

#[tokio::test]
async fn a_wrong_client_cannot_administrate() {
    let story = Story::start().await;
    for status in [400, 401, 403] {
        story
            .emulator
            .configure(|knobs| knobs.error_status_bad_credentials = status);
        story.emulator.client("another", "secret");
        let error = story.admin().configuration().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains("check its id and secret"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_new_property_brings_its_login() {
    for (network, covered) in [(false, 1), (true, 2)] {
        let story = Story::start().await;
        story.emulator.configure(|knobs| knobs.network = network);
        let (admin, property) = (story.admin(), story.property());
        let ids = admin
            .create_property(r#"{"name":"Demo"}"#.into(), &property)
            .await
            .unwrap();
        assert_eq!(ids.len(), covered);
        assert!(ids[0].parse::<u64>().is_ok(), "{ids:?}");
        let refresh = story.emulator.refresh_tokens()[0].expose().to_owned();
        assert_eq!(
            story.stored().await,
            Some(refresh),
            "saved before it is returned"
        );
        good(&story, &property).await;
        assert_eq!((story.count("apilogin"), story.count("refresh")), (1, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_not_repeated() {
    let story = Story::start().await;
    let (admin, property) = (story.admin(), story.property());
    admin.token().await.unwrap();
    let path = "/connect/rest/v2/accommodation";
    for fault in [Fault::ResetAfter, Fault::Html(200), Fault::Html(503)] {
        story.emulator.server().next_at(path, fault);
        let before = story.emulator.ledger().requests();
        let error = admin
            .create_property("{}".into(), &property)
            .await
            .unwrap_err();
        assert_ne!(error.sent(), auth_core::Sent::No);
        assert_eq!(story.emulator.ledger().requests(), before + 1);
    }
    assert_eq!(story.stored().await, None);
}

#[tokio::test]
async fn the_two_kinds_of_token_are_not_accepted_for_each_other() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let (admin_token, token) = (
        story.admin().token().await.unwrap(),
        property.token().await.unwrap(),
    );
    assert_ne!(admin_token.access().expose(), token.access().expose());
    assert_eq!(
        story
            .octorate
            .property(PROPERTY, |source| source)
            .status()
            .expires,
        None
    );
    story.ends_well();
}
