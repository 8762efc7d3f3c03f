//! Logins that end, clients that are wrong, and what only looks like it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{Error, ErrorKind, Event, Secret, State, TokenSet};
use auth_octorate::PropertySource;
use auth_testkit::Fault;

use super::{DAY, PROPERTY, REFRESH, Story, TOKEN, config, good, refused};

#[tokio::test]
async fn a_cancelled_login_ends_in_one_error_and_stays_stored() {
    for status in [400, 401, 403] {
        let story = Story::start().await;
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let property = story.property_with(|source| {
            source.observer(move |_: &str, event: &Event| {
                if let Event::LoginRequired { error, .. } = event {
                    heard.lock().unwrap().push(error.status().unwrap().as_u16());
                }
            })
        });
        property.authorize(story.approved()).await.unwrap();
        let stored = story.stored().await;
        story
            .emulator
            .configure(|knobs| knobs.error_status_bad_credentials = status);
        story.emulator.revoke_refresh_token(PROPERTY);
        story.clock.advance(DAY);

        for _ in 0..10 {
            let error = refused(&property).await;
            assert_eq!(error.kind(), ErrorKind::LoginRequired);
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert_eq!(error.code(), Some("ApiSecurityException"));
        }
        assert_eq!(story.count("refresh"), 1, "no loop");
        assert_eq!(*events.lock().unwrap(), [status]);
        assert_eq!(story.stored().await, stored, "nothing is thrown away");

        property.authorize(story.approved()).await.unwrap();
        good(&story, &property).await;
        story.ends_well();
    }
}

#[tokio::test]
async fn a_quota_at_the_identity_endpoints_is_waited_for() {
    let story = Story::start().await;
    let property = story.authorized().await;
    story.clock.advance(DAY);
    let quota = r#"{"type":"ApiQuotaException","message":"demo text"}"#;
    story
        .emulator
        .server()
        .next_at(REFRESH, Fault::Json(403, quota.to_owned()));
    let error = refused(&property).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, Some("ApiQuotaException"))
    );
    assert!(!error.to_string().contains("demo text"));
    story.clock.advance(Duration::from_secs(2));
    good(&story, &property).await;
    story.ends_well();
}

#[tokio::test]
async fn the_wrong_environment_is_a_matter_of_configuration() {
    let story = Story::start().await;
    let property = story.authorized().await;
    story.clock.advance(DAY);
    let wrong = r#"{"type":"WrongEnviroment"}"#;
    story
        .emulator
        .server()
        .next_at(REFRESH, Fault::Json(403, wrong.to_owned()));
    let error = refused(&property).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Configuration, Some("WrongEnviroment"))
    );
}

#[tokio::test]
async fn pages_of_proxies_are_waited_for_and_cost_no_login() {
    for status in [502, 503, 504] {
        let story = Story::start().await;
        let property = story.authorized().await;
        story.clock.advance(DAY);
        story
            .emulator
            .server()
            .next_at(REFRESH, Fault::Html(status));
        assert_eq!(refused(&property).await.kind(), ErrorKind::Unavailable);
        story.clock.advance(Duration::from_secs(2));
        good(&story, &property).await;
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_costs_no_login() {
    let story = Story::start().await;
    let property = story.authorized().await;
    story.clock.advance(DAY);
    story.emulator.server().next_at(REFRESH, Fault::ResetAfter);
    assert_eq!(refused(&property).await.kind(), ErrorKind::Unavailable);
    story.clock.advance(Duration::from_secs(2));
    good(&story, &property).await;
    assert_eq!(story.count("refresh"), 2);
}

/// Ends the logins of so many properties, one second apart, and returns what each is told.
async fn end_many(story: &Story, properties: &[PropertySource], apart: Duration) -> Vec<Error> {
    let mut errors = Vec::new();
    for property in properties {
        story.clock.advance(apart);
        errors.push(refused(property).await);
    }
    errors
}

fn logins(story: &Story, octorate: &auth_octorate::Octorate, count: usize) -> Vec<PropertySource> {
    let login = |number: usize| {
        octorate.property(&number.to_string(), |source| {
            let refresh = Secret::new(format!("made-up-login-{number}"));
            source
                .clock(story.clock.clone())
                .previous(TokenSet::login(refresh))
        })
    };
    (0..count).map(login).collect()
}

#[tokio::test]
async fn many_refused_properties_make_the_client_suspect() {
    let story = Story::start().await;
    let wrong = config(&story.emulator, Secret::new("rotated-elsewhere"));
    let octorate = auth_octorate::Octorate::connect(wrong).unwrap();
    let properties = logins(&story, &octorate, 7);
    let errors = end_many(&story, &properties, Duration::from_secs(1)).await;
    let suspected = |error: &Error| {
        error.code() == Some("client_credentials_suspected")
            && error.kind() == ErrorKind::Configuration
    };
    assert_eq!(
        errors.iter().map(suspected).collect::<Vec<_>>(),
        [false, false, false, false, true, true, true]
    );
    assert!(
        errors[..4]
            .iter()
            .all(|error| error.kind() == ErrorKind::LoginRequired)
    );
}

#[tokio::test]
async fn one_property_over_and_over_or_many_over_a_long_time_suspect_nobody() {
    let story = Story::start().await;
    let errors = end_many(
        &story,
        &logins(&story, &story.octorate, 8),
        Duration::from_secs(16),
    )
    .await;
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::LoginRequired)
    );

    story.clock.advance(Duration::from_secs(61));
    let one = &logins(&story, &story.octorate, 1)[0];
    for _ in 0..5 {
        assert_eq!(
            one.renew_now().await.unwrap_err().kind(),
            ErrorKind::LoginRequired
        );
    }
}

#[tokio::test]
async fn a_success_clears_the_client() {
    let story = Story::start().await;
    let good_one = story.authorized().await;
    let properties = logins(&story, &story.octorate, 8);
    story.clock.advance(DAY);
    let (first, second) = properties.split_at(4);
    let mut errors = end_many(&story, first, Duration::from_secs(1)).await;
    good(&story, &good_one).await;
    errors.extend(end_many(&story, second, Duration::from_secs(1)).await);
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::LoginRequired)
    );
}

#[tokio::test]
async fn a_refused_code_says_what_may_be_wrong() {
    let story = Story::start().await;
    let property = story.property();
    story.emulator.client("another", "secret");
    story.emulator.server().next_at(TOKEN, Fault::Empty(403));
    // The pages do not know the former client any more, so the code is one from before.
    let request = auth_oauth2::AuthorizationRequest::new(
        auth_oauth2::Endpoint::parse(&story.emulator.authorize_url()).unwrap(),
        &story.emulator.client_id(),
        "https://localhost",
    );
    let (address, mut pending) = request
        .unwrap()
        .dangerous_state_only()
        .start(auth_core::Clock::now(&story.clock))
        .unwrap();
    let callback = story.emulator.approve(&address).unwrap();
    let code = pending
        .callback(&callback, auth_core::Clock::now(&story.clock))
        .unwrap();
    let error = property.authorize(code).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("client secret"), "{error}");
    assert_eq!(property.status().state, State::Empty);
}
