//! Every way to log in, on every generation of the server.

use auth_core::{ErrorKind, TokenSource};
use auth_rator::{ClientAuth, Rator, RatorPreset};
use auth_testkit::{BasicDecoding, BrandPlace, DeviationKind, Fault, RatorProfile};

use super::{Story, good, refused};

#[tokio::test]
async fn everybody_can_log_in_everywhere() {
    for story in Story::everywhere().await {
        let rator = story.rator();
        let (operator, _) = story.emulator.operator();
        for (builder, grant) in [
            (rator.password(story.user()), "password"),
            (
                rator.operator_password(story.operator()),
                "operator_password",
            ),
            (
                rator.client_credentials_for(&operator),
                "client_credentials",
            ),
        ] {
            let source = story.build(builder);
            good(&story, &source).await;
            good(&story, &source).await;
            assert_eq!(story.emulator.ledger().count(grant), 1, "{grant}");
        }
        story.ends_well();
    }
}

#[tokio::test]
async fn the_client_can_log_in_without_an_operator_where_that_is_offered() {
    for story in Story::everywhere().await {
        story
            .emulator
            .configure(|knobs| knobs.client_credentials_requires_operator = false);
        good(&story, &story.build(story.rator().client_credentials())).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refresh_token_obtained_elsewhere_is_a_login() {
    for story in Story::everywhere().await {
        good(&story, &story.source()).await;
        let refresh = story.emulator.refresh_tokens()[0].clone();
        let source = story.build(story.rator().refresh_token(refresh));
        good(&story, &source).await;
        assert_eq!(story.grants(), (1, 1));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_server_that_calls_the_brand_otherwise_is_understood() {
    for preset in [RatorPreset::V3, RatorPreset::V17] {
        for (brand_name, also_send_as, read) in [
            ("brandKey", None, vec!["brandKey"]),
            ("brand_key", Some("brandKey"), vec!["brandKey", "brand_key"]),
        ] {
            let story = Story::of(RatorProfile::LegacyUuid, preset).await;
            let read: Vec<_> = read.into_iter().map(str::to_owned).collect();
            story
                .emulator
                .configure(|knobs| knobs.brand_param_names = read);
            let mut config = story.config().brand_name(brand_name);
            if let Some(name) = also_send_as {
                config = config.also_send_as(name);
            }
            let rator = Rator::connect(config).unwrap();
            let source = story.build(rator.password(story.user()));
            good(&story, &source).await;
            story.clock.advance(super::HALF_A_DAY);
            good(&story, &source).await;
            assert_eq!(story.grants(), (1, 1));
            story.ends_well();
        }
    }
}

#[tokio::test]
async fn everything_in_the_query_is_possible_and_never_tried_unasked() {
    let story = Story::of(RatorProfile::LegacyUuid, RatorPreset::AllQueryInsecure).await;
    story.emulator.configure(|knobs| knobs.all_query = true);
    let source = story.source();
    good(&story, &source).await;
    story.clock.advance(super::HALF_A_DAY);
    good(&story, &source).await;
    assert_eq!(story.grants(), (1, 1));
    for request in story.emulator.ledger().entries() {
        assert!(request.body().is_empty());
        assert_eq!(request.header("cache-control"), Some("no-store"));
        assert_eq!(request.header("referer"), None);
    }
    story.ends_well();

    story.clock.advance(super::HALF_A_DAY);
    let server = story.emulator.server();
    let location = story.emulator.demo_url();
    for fault in [
        Fault::ResetBefore,
        Fault::Html(400),
        Fault::Redirect {
            status: 307,
            location,
        },
    ] {
        server.clear();
        server.always_at(super::TOKEN, fault);
        let error = source.renew_now().await.unwrap_err();
        story.hides(&error);
    }
    story.ends_well();

    // A server that sees nothing of what it is sent is no reason to send it elsewhere.
    for preset in [RatorPreset::V3, RatorPreset::V17] {
        let story = Story::of(RatorProfile::Sas, preset).await;
        story.emulator.configure(|knobs| {
            knobs.brand_param_place = match preset {
                RatorPreset::V17 => BrandPlace::QueryOnly,
                _ => BrandPlace::BodyOnly,
            }
        });
        let error = refused(&story.source()).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("belongs elsewhere"), "{error}");
        assert_eq!(story.emulator.ledger().requests(), 1);
        story.keeps_its_secrets();
    }
}

#[tokio::test]
async fn a_client_whose_name_needs_encoding_is_known_by_either_form() {
    for (client_auth, basic) in [
        (ClientAuth::Basic, BasicDecoding::Raw),
        (ClientAuth::BasicEncoded, BasicDecoding::Percent),
        (ClientAuth::BasicEncoded, BasicDecoding::Form),
    ] {
        let story = Story::start().await;
        story.emulator.client("demo client", "s3cret+% & more");
        story.emulator.configure(|knobs| knobs.basic = basic);
        let config = story.config().client_auth(client_auth);
        let rator = Rator::connect(config).unwrap();
        good(&story, &story.build(rator.password(story.user()))).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn an_operator_can_be_sent_without_the_client() {
    let story = Story::start().await;
    let config = story.config().client_auth(ClientAuth::AbsentForOperators);
    let rator = Rator::connect(config).unwrap();
    let operator = story.build(rator.operator_password(story.operator()));
    // This server wants the client, and says so; what counts is what was sent.
    assert_eq!(refused(&operator).await.code(), Some("invalid_client"));
    let ledger = story.emulator.ledger();
    assert_eq!(ledger.last().unwrap().header("authorization"), None);
    let kinds = ledger.deviations().into_iter().map(|d| d.kind());
    let known = [
        DeviationKind::MissingHeader,
        DeviationKind::MissingCredentials,
    ];
    assert_eq!(kinds.filter(|kind| !known.contains(kind)).count(), 0);

    let user = story.build(rator.password(story.user()));
    assert!(user.token().await.is_ok());
}
