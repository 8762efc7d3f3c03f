//! The brand: required, case-sensitive in the header, and part of every identity.

use auth_core::{ErrorKind, MemoryStore, TokenSource};
use auth_rator::{BrandKey, Rator, hint};
use auth_testkit::DeviationKind;
use http::StatusCode;

use super::{
    Story, good, refused,
    resources::{api, status},
};

const PATH: &str = "api/billing-groups/1/balance";

#[tokio::test]
async fn a_brand_in_the_wrong_case_looks_like_a_missing_thing_and_is_found_out() {
    for story in Story::everywhere().await {
        let rator = Rator::connect(story.config_for("brand1")).unwrap();
        let source = story.build(rator.password(story.user()));
        // The token endpoint takes any case.
        good(&story, &source).await;
        assert_eq!(status(&api(&source), &story.emulator.demo_url()).await, 404);
        assert!(hint(StatusCode::NOT_FOUND).unwrap().contains("wrong case"));
        let error = rator.check_brand(&source, PATH).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("wrong case"), "{error}");
        story.hides(&error);
        let wrong = story.emulator.ledger().deviations();
        assert!(wrong.iter().all(|d| d.kind() == DeviationKind::HeaderValue));
        story.keeps_its_secrets();
    }
}

#[tokio::test]
async fn a_right_brand_is_confirmed_through_any_source() {
    for story in Story::everywhere().await {
        let rator = story.rator();
        let source = story.build(rator.password(story.user()));
        rator.check_brand(&source, PATH).await.unwrap();
        story.ends_well();
    }
}

#[tokio::test]
async fn the_header_can_be_put_right_alone() {
    let story = Story::start().await;
    let brand = BrandKey::new("brand1").unwrap().uppercase_header();
    let mut values = serde_json::json!({
        "token_url": story.emulator.token_url(),
        "api_base_url": format!("{}/rest-api-core", story.emulator.base_url()),
        "client_id": story.emulator.client_id(),
        "client_secret": story.emulator.client_secret().expose(),
    });
    values["brand"] = serde_json::json!({"token_value": "brand1", "header_value": "BRAND1"});
    let config: auth_rator::Config = serde_json::from_value(values).unwrap();
    let rator = Rator::connect(config).unwrap();
    assert!(format!("{rator:?}").contains(&format!("{brand:?}")));
    let source = story.build(rator.password(story.user()));
    assert_eq!(status(&api(&source), &story.emulator.demo_url()).await, 200);
    let login = story.emulator.ledger().entries()[0].clone();
    assert_eq!(login.query_value("brand_key").as_deref(), Some("brand1"));
    story.ends_well();
}

#[tokio::test]
async fn a_brand_that_the_token_endpoint_does_not_know_is_not_tried_again() {
    for code in [400, 403, 404, 422] {
        for story in Story::everywhere().await {
            story
                .emulator
                .configure(|knobs| knobs.missing_brand_status = code);
            let rator = Rator::connect(story.config_for("OTHER")).unwrap();
            let source = story.build(rator.password(story.user()));
            for _ in 0..3 {
                let error = refused(&source).await;
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains("brandKey"), "{error}");
                story.hides(&error);
                story.pass(60);
            }
            assert_eq!(story.emulator.ledger().requests(), 1);
            story.ends_well();
        }
    }
}

#[tokio::test]
async fn each_brand_has_its_own_login_even_where_the_token_is_the_same() {
    for shared in [true, false] {
        let story = Story::start().await;
        story.emulator.configure(|knobs| {
            knobs.brand_in_reuse_key = !shared;
            knobs.brands.insert("BRAND2".into(), "BRAND2".into());
        });
        let store = MemoryStore::new();
        let mut tokens = Vec::new();
        for brand in ["BRAND1", "BRAND2"] {
            let config = story.config_for(brand);
            let key = config.store_key("alice");
            let rator = Rator::connect(config).unwrap();
            let builder = rator.password(story.user()).store(store.clone(), key);
            let source = story.build(builder);
            tokens.push(good(&story, &source).await);
            assert_eq!(status(&api(&source), &story.emulator.demo_url()).await, 200);
            let call = story.emulator.ledger().last().unwrap();
            assert_eq!(call.header("x-rator-brand-key"), Some(brand));
            let token = source.token().await.unwrap();
            assert_eq!(token.headers().count(), 2);
        }
        assert_eq!(tokens[0] == tokens[1], shared);
        assert_eq!(story.grants(), (2, 0));
        story.ends_well();
    }
}
