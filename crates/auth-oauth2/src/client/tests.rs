use std::{
    error::Error as _,
    fmt::Debug,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{ErrorKind, Secret, Sent, Token, TokenSet};
use http::HeaderName;
use tracing_subscriber::fmt::format::FmtSpan;

use super::TokenClient;
use crate::{
    AuthorizationCodeGrant, AuthorizationRequest, ClientCredentials, Constant, Dialect,
    GrantRequest, MissingRefresh, OrElse, PendingAuthorization, PendingAuthorizations, Placement,
    RefreshToken, Step,
    legacy::ResourceOwnerPassword,
    scripted::{Script, Stopped},
};

fn refresh() -> GrantRequest {
    GrantRequest::new(Step::RefreshToken).parameter("refresh_token", Secret::new("rt-old"))
}

#[tokio::test]
async fn lifetimes_count_from_before_the_request() {
    let clock = Stopped::default();
    clock.advance(Duration::from_secs(40));
    let script = Script::default()
        .reply(
            200,
            r#"{"access_token":"at","expires_in":60,"scope":"read"}"#,
        )
        .reply(200, r#"{"access_token":"at"}"#);
    let mut dialect = Dialect::default();
    dialect.assumed_lifetime = Some(Duration::from_secs(9));
    dialect.token_headers = vec![(HeaderName::from_static("x-brand"), "BRAND1".into())];
    let client = script.client(dialect);
    for length in [60, 9] {
        let ctx = clock.exchange(None);
        let set = client.exchange(refresh(), &ctx).await.unwrap();
        let token = set.token().unwrap();
        let life = token.lifetime().unwrap();
        assert_eq!(life.length(), Duration::from_secs(length));
        assert_eq!(life.asked(), ctx.clock.now());
        assert!(
            token
                .headers()
                .any(|(name, value)| name == "x-brand" && value == "BRAND1")
        );
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_renewed_is_kept_or_forgotten() {
    let replies = [
        (r#"{"access_token":"at"}"#, None),
        (r#"{"access_token":"at","refresh_token":null}"#, None),
        (
            r#"{"access_token":"at","refresh_token":"rt-new"}"#,
            Some("rt-new"),
        ),
    ];
    for (missing, kept) in [
        (MissingRefresh::Keep, Some("rt-old")),
        (MissingRefresh::Forget, None),
    ] {
        for (reply, renewed) in replies {
            let mut dialect = Dialect::default();
            dialect.missing_refresh = missing;
            let client = Script::default().reply(200, reply).client(dialect);
            let ctx = Stopped::default().exchange(None);
            let set = client.exchange(refresh(), &ctx).await.unwrap();
            assert_eq!(set.refresh().map(Secret::expose), renewed.or(kept));
        }
    }
}

#[tokio::test]
async fn another_grant_keeps_no_old_refresh_token() {
    let token = Token::bearer(Secret::new("at-old")).unwrap();
    let previous = TokenSet::new(token).with_refresh(Some(Secret::new("rt-old")));
    let client = Script::default()
        .reply(200, r#"{"access_token":"at"}"#)
        .client(Dialect::default());
    let ctx = Stopped::default().exchange(Some(previous));
    let request = GrantRequest::new(Step::ClientCredentials);
    let set = client.exchange(request, &ctx).await.unwrap();
    assert!(set.refresh().is_none());
}

#[tokio::test]
async fn an_access_token_that_no_header_can_carry_is_refused() {
    for token in [r"a\r\nb", r"a\u0000", "é", "a b", "=", "a=b"] {
        let body = format!(r#"{{"access_token":"{token}"}}"#);
        let client = Script::default()
            .reply(200, body.leak())
            .client(Dialect::default());
        let ctx = Stopped::default().exchange(None);
        let error = client.exchange(refresh(), &ctx).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{token}");
        assert_eq!(error.sent(), Sent::Answered);
    }
}

#[tokio::test]
async fn failures_of_the_transport_pass_unchanged() {
    for sent in [Sent::No, Sent::Maybe] {
        let script = Script::default().fail(sent);
        let ctx = Stopped::default().exchange(None);
        let error = script
            .client(Dialect::default())
            .exchange(refresh(), &ctx)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unavailable, sent));
        assert_eq!(script.sent().len(), 1);
    }
}

#[tokio::test]
async fn an_echo_of_the_client_secret_stays_out_of_errors() {
    let reply = r#"{"error":"bad_demo-secret","error_description":"demo-secret rt-old"}"#;
    let client = Script::default()
        .reply(400, reply)
        .client(Dialect::default());
    let ctx = Stopped::default().exchange(None);
    let error = client.exchange(refresh(), &ctx).await.unwrap_err();
    let text = format!("{error} {error:?} {:?}", error.source());
    assert!(
        !text.contains("demo-secret") && !text.contains("rt-old"),
        "{text}"
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_tell_what_happened_and_hold_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, a callsite that another test's thread meets first is switched off for all threads.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    let mut dialect = Dialect::default();
    dialect.placement = Placement::Query;
    dialect.parameters = vec![Constant::new("brand", "planted-brand", Placement::Query)];
    let client = Script::default()
        .reply(
            200,
            r#"{"access_token":"planted-at","refresh_token":"planted-rt","expires_in":"planted"}"#,
        )
        .reply(
            400,
            r#"{"error":"invalid_grant","error_description":"planted-rt"}"#,
        )
        .fail(Sent::Maybe)
        .client(dialect);
    let ctx = Stopped::default().exchange(None);
    for _ in 0..3 {
        let refresh = GrantRequest::new(Step::RefreshToken);
        let refresh = refresh.parameter("refresh_token", Secret::new("planted-rt"));
        let _ = client.exchange(refresh, &ctx).await;
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "login.example",
        "/token",
        "refresh_token",
        "a token was obtained",
        "invalid_grant",
        "Maybe",
    ] {
        assert!(log.contains(expected), "{expected} in {log}");
    }
    for secret in ["planted", "demo-secret", "ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_client_can_be_had_for_another_endpoint() {
    let client = Script::default().client(Dialect::default());
    let refresh = client.endpoint().join("refresh").unwrap();
    assert_eq!(
        client.at(refresh).endpoint().uri(),
        "https://login.example/token/refresh"
    );
    assert!(!format!("{client:?}").contains("demo-secret"));
}

#[test]
fn public_types_can_be_shared() {
    fn shared<T: Send + Sync + Debug + 'static>() {}
    shared::<TokenClient>();
    shared::<Dialect>();
    shared::<ClientCredentials>();
    shared::<RefreshToken>();
    shared::<AuthorizationCodeGrant>();
    shared::<OrElse>();
    shared::<ResourceOwnerPassword>();
    shared::<AuthorizationRequest>();
    shared::<PendingAuthorization>();
    shared::<Arc<PendingAuthorizations>>();
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_found_before_a_token_is_asked_for() {
    let script = Script::default().reply(200, r#"{"access_token":"at"}"#);
    let mut dialect = Dialect::default();
    dialect.token_headers = vec![(HeaderName::from_static("x-brand"), "bränd".into())];
    let client = script.client(dialect);
    let ctx = Stopped::default().exchange(None);
    let error = client.exchange(refresh(), &ctx).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Configuration, Sent::No)
    );
    assert!(script.sent().is_empty());
}
