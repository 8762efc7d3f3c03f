use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_core::{
    Clock, Credentials, Error, ErrorKind, Event, Exchange, Grant, Lease, Observer, Origins, Secret,
    StoreKey, TokenRequest, TokenSet, TokenSource, TokenStore, Transport,
};

use super::*;
use crate::{ManualClock, token};

fn error() -> Error {
    Error::new(ErrorKind::Unavailable, "made up")
}

#[tokio::test]
async fn every_mock_stands_in_for_its_seam() {
    let clock = ManualClock::new();
    let set = TokenSet::login(Secret::from("refresh"));
    let token = token("a", Duration::from_secs(1), &clock);

    let mut source = absent_source(Origins::default());
    source.expect_token().returning(|| Err(error()));
    source.expect_reject().times(1).return_const(());
    source.expect_renew().times(1).return_const(());
    let source: Arc<dyn TokenSource> = Arc::new(source);
    assert!(source.token().await.is_err());
    assert!(source.origins().is_empty());
    source.reject(&token);
    source.renew();

    let mut grant = MockGrant::new();
    let answer = set.clone();
    grant
        .expect_exchange()
        .withf(|ctx| ctx.previous.is_none())
        .returning(move |_| Ok(answer.clone()));
    grant.expect_rotates().return_const(false);
    let grant: Arc<dyn Grant> = Arc::new(grant);
    assert!(
        grant
            .exchange(&Exchange::new(Arc::new(clock)))
            .await
            .is_ok()
    );
    assert!(!grant.rotates());

    let mut credentials = MockCredentials::new();
    credentials
        .expect_authenticate()
        .returning(|request| request.form_parameter("client_id", Secret::from("me")));
    let credentials: Arc<dyn Credentials> = Arc::new(credentials);
    let mut request = TokenRequest::new(http::Uri::from_static("https://id.example"));
    credentials.authenticate(&mut request).await.unwrap();
    assert_eq!(request.form().len(), 1);

    let mut transport = MockTransport::new();
    transport.expect_sends().returning(|_| Err(error()));
    let transport: Arc<dyn Transport> = Arc::new(transport);
    assert!(transport.send(Request::default()).await.is_err());

    let mut lease = MockLease::new();
    lease.expect_save().returning(|_, _| Ok(7));
    lease.expect_release().times(1).returning(|| Ok(()));
    lease.expect_fence().return_const(3_u64);
    let mut store = MockTokenStore::new();
    store
        .expect_lease()
        .return_once(move |_| Ok(Box::new(lease) as Box<dyn Lease>));
    let store: Arc<dyn TokenStore> = Arc::new(store);
    let mut lease = store.lease(&StoreKey::new(["key"])).await.unwrap();
    assert_eq!(lease.save(None, &set).await.unwrap(), 7);
    assert_eq!(lease.fence(), 3);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn the_mocked_clock_and_observer_stand_in_too() {
    let mut clock = MockClock::new();
    clock.expect_wall().return_const(SystemTime::UNIX_EPOCH);
    clock.expect_monotonic().return_const(Duration::ZERO);
    clock
        .expect_sleep_until()
        .returning(|_| Box::pin(std::future::ready(())));
    let clock: Arc<dyn Clock> = Arc::new(clock);
    clock.sleep_until(Duration::from_secs(9)).await;
    assert_eq!(clock.now().monotonic, Duration::ZERO);

    let mut observer = MockObserver::new();
    observer
        .expect_event()
        .withf(|name, event| name == "me" && matches!(event, Event::Saved))
        .times(1)
        .return_const(());
    let observer: Arc<dyn Observer> = Arc::new(observer);
    observer.event("me", &Event::Saved);
}

#[tokio::test]
#[should_panic(expected = "No matching expectation")]
async fn an_unexpected_call_panics() {
    let _ = MockTokenSource::new().token().await;
}
