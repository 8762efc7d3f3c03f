//! Every way to a token, and what a token's life looks like.

use std::time::Duration;

use auth_core::{MemoryStore, Secret, TokenSource};
use auth_orgapi::{ClientAuth, Config, OrgApi, ParamPlacement, RefreshMode};
use auth_testkit::{BasicDecoding, IssueRefreshToken, OldAccessToken};

use super::{DAY, Story, good};

#[tokio::test]
async fn the_documented_way_is_the_default() {
    let story = Story::start().await;
    let source = story.source();
    let first = good(&story, &source).await;
    assert_eq!(good(&story, &source).await, first);
    assert_eq!(story.grants(), (1, 0));

    for round in 1..=3 {
        story.nearly_a_day();
        assert_ne!(good(&story, &source).await, first);
        assert_eq!(story.grants(), (1, round));
    }
    story.ends_well();
}

#[tokio::test]
async fn a_token_that_ended_is_replaced_by_the_clients_credentials() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story.clock.advance(DAY);
    good(&story, &source).await;
    assert_eq!(story.grants(), (2, 0));
    story.ends_well();
}

#[tokio::test]
async fn without_refresh_mode_no_refresh_token_is_sent() {
    let story = Story::start().await;
    let source = story.source_of(story.config().refresh_mode(RefreshMode::Never));
    good(&story, &source).await;
    story.nearly_a_day();
    good(&story, &source).await;
    assert_eq!(story.grants(), (2, 0));
    let refresh = &story.emulator.refresh_tokens()[0];
    for entry in story.emulator.ledger().entries() {
        assert!(!entry.target().contains(refresh.expose()));
    }
    story.ends_well();
}

#[tokio::test]
async fn the_query_can_name_the_client() {
    let story = Story::start().await;
    let source = story.source_of(story.config().client_auth(ClientAuth::QueryInsecure));
    good(&story, &source).await;
    story.nearly_a_day();
    good(&story, &source).await;
    assert_eq!(story.grants(), (1, 1));
    for entry in story.emulator.ledger().entries() {
        assert_eq!(entry.header("authorization"), None);
    }
    story.ends_well();
}

#[tokio::test]
async fn nothing_but_the_option_puts_the_secret_into_the_query() {
    let story = Story::start().await;
    let source = story.source();
    // The server refuses the header, as one would that knows the query alone.
    let refusal = r#"{"error":"invalid_client"}"#.to_owned();
    let fault = auth_testkit::Fault::Json(400, refusal);
    story.emulator.server().always(fault);
    for _ in 0..5 {
        assert!(source.token().await.is_err());
        story.clock.advance(DAY);
    }
    for entry in story.emulator.ledger().entries() {
        assert_eq!(entry.query_value("client_secret"), None);
    }
    story.ends_well();
}

#[tokio::test]
async fn an_id_and_a_secret_of_any_characters_reach_the_server() {
    let table = [
        (
            ClientAuth::Basic,
            BasicDecoding::Raw,
            "id demo+%",
            "s:e c+r%e&t=é",
        ),
        (
            ClientAuth::BasicEncoded,
            BasicDecoding::Percent,
            "id:demo +%",
            "s:e c+r%e&t=é",
        ),
        (
            ClientAuth::BasicEncoded,
            BasicDecoding::Form,
            "id:demo +%",
            "s:e c+r%e&t=é",
        ),
        (
            ClientAuth::QueryInsecure,
            BasicDecoding::Raw,
            "id:demo +%",
            "s:e c+r%e&t=é",
        ),
    ];
    for (auth, decoding, id, secret) in table {
        let story = Story::start().await;
        story.emulator.client(id, secret);
        story.emulator.configure(|knobs| knobs.basic = decoding);
        let source = story.source_of(story.config().client_auth(auth));
        good(&story, &source).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn parameters_can_go_into_the_body() {
    let story = Story::start().await;
    story.emulator.configure(|knobs| {
        knobs.accept_query = false;
        knobs.accept_body = true;
    });
    let config = story.config().param_placement(ParamPlacement::Body);
    let source = story.source_of(config);
    good(&story, &source).await;
    story.nearly_a_day();
    good(&story, &source).await;
    assert_eq!(story.grants(), (1, 1));
    for entry in story.emulator.ledger().entries() {
        assert_eq!(entry.raw_query(), None);
    }
    assert_eq!(story.emulator.ledger().deviations(), []);
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_is_normal() {
    for kind in [IssueRefreshToken::Null, IssueRefreshToken::Absent] {
        let story = Story::start().await;
        story
            .emulator
            .configure(|knobs| knobs.issue_refresh_token = kind);
        let source = story.source();
        good(&story, &source).await;
        story.nearly_a_day();
        good(&story, &source).await;
        assert_eq!(story.grants(), (2, 0));
        story.ends_well();
    }
}

#[tokio::test]
async fn a_refresh_that_brings_no_other_refresh_token_is_the_last_one() {
    let story = Story::start().await;
    let source = story.source();
    good(&story, &source).await;
    story
        .emulator
        .configure(|knobs| knobs.issue_refresh_token = IssueRefreshToken::Absent);
    for grants in [(1, 1), (2, 1)] {
        story.nearly_a_day();
        good(&story, &source).await;
        assert_eq!(story.grants(), grants);
    }
    story.ends_well();
}

#[tokio::test]
async fn a_token_of_five_minutes_lives_nearly_that_long() {
    let story = Story::start().await;
    let life = Duration::from_secs(300);
    story.emulator.configure(|knobs| {
        knobs.access_ttl = life;
        knobs.refresh_ttl = life;
        knobs.old_access_token_after_refresh = OldAccessToken::Lives;
    });
    let source = story.source();
    let first = good(&story, &source).await;
    story.clock.advance(Duration::from_secs(230));
    assert_eq!(good(&story, &source).await, first);
    assert_eq!(story.grants(), (1, 0));
    story.clock.advance(Duration::from_secs(60));
    assert_ne!(good(&story, &source).await, first);
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn a_token_of_no_time_is_used_once() {
    let story = Story::start().await;
    story
        .emulator
        .configure(|knobs| knobs.access_ttl = Duration::ZERO);
    let source = story.source();
    let first = source.token().await.unwrap().generation();
    assert_eq!(story.grants(), (1, 0));
    story.clock.advance(Duration::from_secs(2));
    assert_ne!(source.token().await.unwrap().generation(), first);
    assert_eq!(story.grants(), (2, 0));
    story.ends_well();
}

#[tokio::test]
async fn a_login_in_a_store_serves_the_next_process() {
    let story = Story::start().await;
    let store = MemoryStore::new();
    let start = |config: Config| {
        let key = config.store_key("demo");
        let orgapi = OrgApi::connect(config).unwrap();
        let builder = orgapi.client_credentials();
        builder
            .clock(story.clock.clone())
            .store(store.clone(), key)
            .build()
    };
    let first = good(&story, &start(story.config())).await;
    let second = start(story.config());
    assert_eq!(good(&story, &second).await, first);
    story.nearly_a_day();
    good(&story, &second).await;
    assert_eq!(story.grants(), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn what_is_shown_holds_no_secret() {
    let story = Story::start().await;
    let secret = story.emulator.client_secret();
    let source = story.source();
    let token = source.token().await.unwrap();
    let refresh = &story.emulator.refresh_tokens()[0];
    let text = format!(
        "{:?} {source:?} {token:?} {:?}",
        story.config(),
        source.status()
    );
    for planted in [&secret, token.access(), refresh].map(Secret::expose) {
        assert!(!text.contains(planted), "a secret is shown");
    }
    story.ends_well();
}
