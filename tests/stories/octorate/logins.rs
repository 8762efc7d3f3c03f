//! Logging in by a code, and going on with a refresh token.

use std::{sync::Arc, time::Duration};

use auth_core::{Clock, Error, ErrorKind, Secret, Sent, TokenSet, TokenSource};
use auth_oauth2::{CallbackError, GrantType, PendingAuthorizations};
use auth_testkit::{FailingStore, Fault, StoreCall, StoreFault};

use super::{DAY, PROPERTY, Story, TOKEN, good, refused};

#[tokio::test]
async fn a_user_approves_and_the_login_lasts() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let refresh = story.emulator.refresh_tokens()[0].expose().to_owned();
    assert_eq!(
        story.stored().await.as_ref(),
        Some(&refresh),
        "saved before it is returned"
    );
    let first = good(&story, &property).await;

    for day in 1..=3 {
        story.clock.advance(DAY);
        assert_ne!(good(&story, &property).await, first);
        assert_eq!(story.count("refresh"), day);
        // No reply to a refresh has a refresh token, so the one from the code stays.
        assert_eq!(story.stored().await.as_ref(), Some(&refresh));
    }
    assert_eq!(story.count("code"), 1);
    story.ends_well();
}

#[tokio::test]
async fn another_process_finds_the_login_in_the_store() {
    let story = Story::start().await;
    let token = good(&story, &story.authorized().await).await;
    assert_eq!(good(&story, &story.property()).await, token);
    story.clock.advance(DAY);
    assert_ne!(good(&story, &story.property()).await, token);
    assert_eq!((story.count("code"), story.count("refresh")), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn a_new_authorization_replaces_the_login_that_is_stored() {
    let story = Story::start().await;
    let property = story.authorized().await;
    let old = good(&story, &property).await;
    property.authorize(story.approved()).await.unwrap();
    let refresh = story.emulator.refresh_tokens()[1].expose().to_owned();
    assert_eq!(story.stored().await, Some(refresh));
    assert_ne!(good(&story, &property).await, old);
    // The former refresh token is cancelled by the server, so only the new one can do this.
    story.clock.advance(DAY);
    good(&story, &property).await;
    story.ends_well();
}

#[tokio::test]
async fn a_refresh_token_from_elsewhere_is_refreshed_first() {
    let story = Story::start().await;
    good(&story, &story.authorized().await).await;
    let refresh = story.emulator.refresh_tokens()[0].clone();
    let elsewhere = story.octorate.property(PROPERTY, |source| {
        source
            .previous(TokenSet::login(refresh))
            .clock(story.clock.clone())
    });
    good(&story, &elsewhere).await;
    assert_eq!((story.count("code"), story.count("refresh")), (1, 1));
    story.ends_well();
}

#[tokio::test]
async fn an_old_code_is_not_sent() {
    for (age, limit, sent) in [
        (59, 60, true),
        (60, 60, false),
        (179, 180, true),
        (180, 9999, false),
    ] {
        let limit = Duration::from_secs(limit);
        let story = Story::of(|config| config.code_max_age(limit)).await;
        story
            .emulator
            .configure(|knobs| knobs.code_ttl = Duration::from_secs(180));
        let (property, code) = (story.property(), story.approved());
        story.clock.advance(Duration::from_secs(age));
        let outcome = property.authorize(code).await;
        assert_eq!(story.count("code"), usize::from(sent), "{age}");
        match outcome {
            Ok(()) => assert!(sent, "{age}"),
            Err(error) => {
                assert_eq!(
                    (error.code(), error.sent()),
                    (Some("code_expired"), Sent::No)
                );
                assert_eq!(error.kind(), ErrorKind::LoginRequired);
            }
        }
        story.ends_well();
    }
}

#[tokio::test]
async fn a_code_is_sent_once_whatever_becomes_of_it() {
    for fault in [
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Html(503),
        Fault::Html(404),
        Fault::Empty(403),
        Fault::Empty(400),
    ] {
        let story = Story::start().await;
        let property = story.authorized().await;
        let before = good(&story, &property).await;
        story.emulator.server().next_at(TOKEN, fault.clone());
        let error = property.authorize(story.approved()).await.unwrap_err();
        assert_ne!(
            error.kind(),
            ErrorKind::Unavailable,
            "{fault:?}: nothing to wait for"
        );
        let sent = story.emulator.ledger().entries();
        assert_eq!(
            sent.iter().filter(|entry| entry.path() == TOKEN).count(),
            2,
            "{fault:?}"
        );
        // A failed authorization costs nothing that was there before.
        assert_eq!(good(&story, &property).await, before, "{fault:?}");
    }
}

#[tokio::test]
async fn a_second_callback_finds_what_the_first_one_brought() {
    let story = Story::start().await;
    let (address, pending) = story
        .octorate
        .authorization()
        .unwrap()
        .start(story.clock.now())
        .unwrap();
    let logins = PendingAuthorizations::new();
    logins.insert("alice", pending, story.clock.now());
    let callback = story.emulator.approve(&address).unwrap();

    let stolen = logins.callback("mallory", &callback, story.clock.now());
    assert_eq!(stolen.unwrap_err(), CallbackError::StateMismatch);
    let code = logins
        .callback("alice", &callback, story.clock.now())
        .unwrap();
    let property = story.property();
    property.authorize(code).await.unwrap();

    let again = logins.callback("alice", &callback, story.clock.now());
    assert_eq!(again.unwrap_err(), CallbackError::StateMismatch);
    good(&story, &property).await;
    assert_eq!(story.count("code"), 1);
    story.ends_well();
}

#[tokio::test]
async fn a_user_who_refuses_or_takes_too_long_brings_no_code() {
    let story = Story::start().await;
    let request = story.octorate.authorization().unwrap();
    let (address, mut pending) = request.start(story.clock.now()).unwrap();
    let callback = story.emulator.deny(&address).unwrap();
    let refused = pending.callback(&callback, story.clock.now());
    assert_eq!(refused.unwrap_err(), CallbackError::AccessDenied);

    let (address, mut pending) = request.start(story.clock.now()).unwrap();
    let callback = story.emulator.approve(&address).unwrap();
    story.clock.advance(Duration::from_secs(600));
    let late = pending.callback(&callback, story.clock.now());
    assert_eq!(late.unwrap_err(), CallbackError::Expired);
    assert_eq!(story.count("code"), 0);
    story.ends_well();
}

#[tokio::test]
async fn a_redirect_uri_with_a_query_of_its_own_is_read_back() {
    let address = "https://shop.example/cb?shop=1";
    let allow = |config: auth_octorate::Config| {
        config
            .allow_query_in_redirect_uri()
            .redirect_uri(address)
            .unwrap()
    };
    let story = Story::of(allow).await;
    story.emulator.add_redirect_uri(address);
    story
        .emulator
        .configure(|knobs| knobs.append_blindly = true);
    good(&story, &story.authorized().await).await;
    story.ends_well();
}

#[tokio::test]
async fn the_standards_names_can_be_sent() {
    let story = Story::of(|config| {
        config.grant_types(|names| {
            names.authorization_code = GrantType::Named("authorization_code".into());
            names.refresh_token = GrantType::Named("refresh_token".into());
        })
    })
    .await;
    story.emulator.configure(|knobs| {
        knobs.accepted_grant_types = vec!["authorization_code".into()];
        knobs.grant_type_on_refresh = true;
    });
    let property = story.authorized().await;
    story.clock.advance(DAY);
    good(&story, &property).await;
    story.ends_well();
}

#[tokio::test]
async fn a_login_that_the_store_does_not_take_is_not_lost() {
    let story = Story::start().await;
    let store = Arc::new(FailingStore::new(Arc::clone(&story.store)));
    let away = Error::new(ErrorKind::Unavailable, "the store is away");
    store.every(StoreCall::Save, StoreFault::Before(away));
    let property = story.octorate.property(PROPERTY, |source| {
        let source = source.store(Arc::clone(&store), story.key.clone());
        source.clock(story.clock.clone())
    });
    property.authorize(story.approved()).await.unwrap_err();
    assert!(property.status().unsaved);
    store.mend();
    story.clock.advance(Duration::from_secs(600));
    good(&story, &property).await;
    assert!(story.stored().await.is_some());
    assert_eq!(story.count("code"), 1);
    story.ends_well();
}

#[tokio::test]
async fn an_authorization_goes_on_when_nobody_waits_for_it() {
    let story = Story::start().await;
    let (property, code) = (story.property(), story.approved());
    {
        let mut login = Box::pin(property.authorize(code));
        let waker = std::task::Waker::noop();
        let begun = login
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
        assert!(begun.is_pending());
    }
    // The authorize page was the first request.
    story.emulator.ledger().wait_for_finished(2).await;
    let saved = || async { story.stored().await.is_some() };
    while !saved().await {
        tokio::task::yield_now().await;
    }
    good(&story, &property).await;
    assert_eq!((story.count("code"), story.count("refresh")), (1, 0));
    story.ends_well();
}

#[tokio::test]
async fn without_a_login_nothing_is_sent() {
    let story = Story::start().await;
    let property = story.property();
    assert_eq!(refused(&property).await.kind(), ErrorKind::LoginRequired);
    assert_eq!(story.emulator.ledger().requests(), 0);
    property
        .login(TokenSet::login(Secret::new("made-up")))
        .await
        .unwrap();
    assert_eq!(
        property.token().await.unwrap_err().kind(),
        ErrorKind::LoginRequired
    );
    assert_eq!(story.count("refresh"), 1);
    story.ends_well();
}
