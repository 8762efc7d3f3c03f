//! Status, events, warm-up, forced renewal, logins from elsewhere.

use std::sync::{Arc, Mutex};

use auth_core::{Cached, ErrorKind, Event, Secret, State, TokenSet, TokenSource};
use auth_testkit::{Gate, ManualClock, ScriptedGrant};

use super::{HOUR, access, away, builder, ended_login, origins, seconds};

fn watched(grant: &ScriptedGrant, clock: &ManualClock) -> (Cached, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let observer = move |name: &str, event: &Event| {
        assert_eq!(name, "story");
        let text = format!("{event:?}");
        let word = text.split([' ', '{']).next().unwrap_or_default().to_owned();
        log.lock().unwrap().push(word);
    };
    (builder(grant, clock).observer(observer).build(), seen)
}

#[test]
fn a_source_shows_the_name_it_was_given() {
    let bare = || Cached::builder(ScriptedGrant::new(), origins());
    let observed = || bare().observer(|_: &str, _: &Event| {});
    for (builder, name) in [
        (bare(), ""),
        (observed(), ""),
        (bare().name("made-up"), "made-up"),
        (observed().name("made-up"), "made-up"),
    ] {
        let shown = format!("{:?}", builder.build());
        assert!(shown.contains(&format!("name: {name:?}")), "{shown}");
    }
}

#[test]
fn a_source_says_where_its_tokens_may_go_however_it_is_held() {
    let source = Cached::builder(ScriptedGrant::new(), origins()).build();
    let target = "https://api.example/v1".parse().unwrap();
    assert!(source.origins().allow(&target));
    let shared: Arc<dyn TokenSource> = source.into();
    assert!(shared.origins().allow(&target));
}

#[tokio::test]
async fn the_status_tells_the_story_of_a_token() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .issues("first", HOUR)
        .fails(away())
        .issues("second", HOUR);
    let (source, _) = watched(&grant, &clock);
    assert_eq!(source.status().state, State::Empty);
    source.warm_up().await.unwrap();
    let status = source.status();
    assert_eq!((status.state, status.renewing), (State::Fresh, false));
    assert_eq!(status.expires, Some(auth_core::Clock::wall(&clock) + HOUR));
    clock.advance(HOUR);
    assert_eq!(source.status().state, State::Stale);
    assert!(source.token().await.is_err());
    let status = source.status();
    assert_eq!(status.state, State::Failed);
    assert_eq!(status.last_error.unwrap().kind(), ErrorKind::Unavailable);
    clock.advance(status.next_attempt.unwrap());
    let status = source.status();
    assert_eq!(
        (status.state, status.next_attempt),
        (State::Failed, None),
        "the pause is over, and nobody has asked since"
    );
    source.warm_up().await.unwrap();
    let status = source.status();
    assert_eq!(status.state, State::Fresh);
    assert!(status.last_error.is_none());
    assert_eq!(
        status.next_attempt, None,
        "what a success is followed by is no pause"
    );
}

#[tokio::test]
async fn the_observer_hears_of_everything() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant
        .rotates_to("a", HOUR, "r-1")
        .rotates_to("b", HOUR, "r-2")
        .fails(away())
        .fails(ended_login());
    let (source, seen) = watched(&grant, &clock);
    let first = source.token().await.unwrap();
    source.reject(&first);
    source.warm_up().await.unwrap();
    clock.advance(HOUR);
    assert!(source.token().await.is_err());
    clock.advance(source.status().next_attempt.unwrap());
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::LoginRequired
    );
    let expected = [
        "Issued",
        "Refused",
        "Rotated",
        "Issued",
        "Failed",
        "LoginRequired",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_forced_renewal_ends_a_pause_and_keeps_the_old_token_in_use() {
    let (clock, grant, gate) = (ManualClock::new(), ScriptedGrant::new(), Gate::new());
    grant
        .fails(away())
        .issues("first", HOUR)
        .waits(&gate)
        .issues("second", HOUR);
    let source = builder(&grant, &clock).build();
    assert!(source.token().await.is_err());
    assert_eq!(source.renew_now().await.unwrap().access().expose(), "first");
    assert!(grant.seen()[1].forced());
    let renewal = tokio::spawn({
        let source = source.clone();
        async move {
            source
                .renew_now()
                .await
                .unwrap()
                .access()
                .expose()
                .to_owned()
        }
    });
    gate.until_waiting(1).await;
    assert_eq!(access(&source).await, "first");
    gate.open();
    assert_eq!(renewal.await.unwrap(), "second");
}

#[tokio::test]
async fn renewals_cannot_be_forced_without_end() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.always(|_| Err(away()));
    let source = builder(&grant, &clock).build();
    for _ in 0..50 {
        assert!(source.renew_now().await.is_err());
    }
    assert_eq!(grant.calls(), 5);
    let error = source.renew_now().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(seconds(1)));
}

#[tokio::test]
async fn a_login_from_elsewhere_replaces_a_dead_one() {
    let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
    grant.fails(ended_login()).issues("renewed", HOUR);
    let source = builder(&grant, &clock).build();
    assert_eq!(
        source.token().await.unwrap_err().kind(),
        ErrorKind::LoginRequired
    );
    source
        .login(TokenSet::login(Secret::new("authorized-anew")))
        .await
        .unwrap();
    assert_eq!(access(&source).await, "renewed");
    assert!(grant.seen()[1].presents("authorized-anew"));
}
