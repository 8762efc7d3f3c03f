//! What is said when something panics.

use std::{
    any::Any,
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Once},
    task::{Context, Waker},
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{
    Cached, Credentials, Error, Event, Exchange, Grant, Lifetime, Origins, Secret, Token,
    TokenRequest, TokenSet, TokenSource, Transport,
};
use auth_oauth2::{ClientCredentials, Dialect, Endpoint, TokenClient};
use auth_testkit::{ManualClock, ScriptedGrant, ScriptedTransport, mocks};

use super::{Planted, Surfaces, assert_silent, log::Log, replies};

thread_local! {
    /// What this thread would have printed; `None` while nobody listens.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`, which panics, and returns what the panic says.
fn said(work: impl FnOnce()) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let heard = SAID.with_borrow_mut(|said| match said {
                Some(said) => {
                    said.push_str(&info.to_string());
                    true
                }
                None => false,
            });
            if !heard {
                usual(info);
            }
        }));
    });
    SAID.set(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let said = SAID.take().unwrap_or_default();
    let payload = outcome.expect_err("the work panics");
    said + &text(&*payload)
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    })
    .expect("a text")
}

#[test]
fn what_a_panic_says_is_heard() {
    let secret = "kanarievogel_pass_word";
    let mut surfaces = Surfaces::default();
    surfaces.text("panic", said(|| panic!("{secret}")));
    let leaks = surfaces.leaks(&Planted::like_error_codes().canaries());
    assert_eq!(leaks, ["panic shows the password (raw)"]);
}

fn well<T: Clone>(value: &T) -> Result<T, Error> {
    Ok(value.clone())
}

#[tokio::test]
async fn a_result_that_is_unwrapped_by_mistake_says_nothing() {
    let planted = Planted::of_all_characters();
    let secret = Secret::from(&*planted.client_secret);
    let token = Token::bearer(planted.access.as_str().into()).unwrap();
    let set = TokenSet::new(token.clone()).with_refresh(Some(planted.refresh.as_str().into()));
    let mut surfaces = Surfaces::default();
    let mut hear = |what: &str, work: &dyn Fn()| surfaces.text(what, said(work));
    hear("a secret", &|| drop(well(&secret).unwrap_err()));
    hear("a token", &|| drop(well(&token).unwrap_err()));
    hear("a set", &|| drop(well(&set).unwrap_err()));
    hear("a set held", &|| {
        assert!(
            Some(set.clone()).is_none_or(|set| set.refresh().is_none()),
            "{set:?}"
        )
    });
    for number in 0..replies::count() {
        let (transport, server) = (ScriptedTransport::new(), planted.clone());
        transport.always(move |request| replies::answer(number, &server, request));
        let client = auth_oauth2::FormBody::new("demo", secret.clone()).unwrap();
        let endpoint = Endpoint::parse("https://login.example/token").unwrap();
        let client = TokenClient::new(endpoint, client, transport, Dialect::default());
        let ctx = Exchange::new(Arc::new(ManualClock::new()));
        let outcome = ClientCredentials::new(client).exchange(&ctx).await;
        surfaces.text(
            "an outcome",
            said(|| match &outcome {
                Ok(_) => drop(outcome.clone().unwrap_err()),
                Err(_) => drop(outcome.clone().unwrap()),
            }),
        );
    }
    assert_silent(&surfaces, &planted.canaries());
}

/// Panics with a secret in its words, as careless code of a user does.
struct Careless(Planted);

#[async_trait]
impl Grant for Careless {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        panic!("{} {}", self.0.refresh, self.0.client_secret)
    }
}

#[async_trait]
impl Credentials for Careless {
    async fn authenticate(&self, _: &mut TokenRequest) -> Result<(), Error> {
        panic!("{}", self.0.client_secret)
    }
}

#[tokio::test]
async fn a_panic_inside_is_not_told_on() {
    let (log, _guard) = Log::start();
    let planted = Planted::of_all_characters();
    let origins = Origins::parse("https://api.example").unwrap();
    let endpoint = Endpoint::parse("https://login.example/token").unwrap();
    let transport = ScriptedTransport::new();
    let client = TokenClient::new(
        endpoint,
        Careless(planted.clone()),
        transport,
        Dialect::default(),
    );
    let talkative = planted.clone();
    let granted = ScriptedGrant::new();
    granted.issues(&planted.access, Duration::from_secs(3600));
    let sources = [
        Cached::builder(Careless(planted.clone()), origins.clone()).build(),
        Cached::builder(ClientCredentials::new(client), origins.clone()).build(),
        Cached::builder(granted, origins)
            .observer(move |_: &str, _: &Event| panic!("{}", talkative.password))
            .build(),
    ];
    let mut surfaces = Surfaces::default();
    // The hook of this thread would otherwise print the words of the careless.
    let _ = said(|| panic!("begin"));
    SAID.set(Some(String::new()));
    let mut failed = 0;
    for source in sources {
        if let Err(error) = source.token().await {
            surfaces.error("the source's error", &error);
            failed += 1;
        }
        surfaces.debug("status", &source.status());
    }
    SAID.set(None);
    assert_eq!(failed, 2);
    let text = log.take();
    assert!(text.contains("the observer panicked"));
    surfaces.text("log", text);
    assert_silent(&surfaces, &planted.canaries());
}

/// Polls a future once: those of mocks call when they are polled.
fn begin(future: impl Future) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

/// A mock says what it was called with.
#[tokio::test]
async fn an_unexpected_call_of_a_mock_shows_no_secret() {
    let planted = Planted::of_all_characters();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("refresh_token", &planted.refresh)
        .finish();
    let token = Token::bearer(planted.access.as_str().into()).unwrap();
    let life = Lifetime::new(auth_core::Clock::now(&ManualClock::new()), Duration::ZERO);
    let set = TokenSet::new(token.clone().with_lifetime(life))
        .with_refresh(Some(planted.refresh.as_str().into()));
    let mut ctx = Exchange::new(Arc::new(ManualClock::new()));
    ctx.previous = Some(set.clone());
    let mut surfaces = Surfaces::default();
    let mut hear = |what: &str, work: &dyn Fn()| surfaces.text(what, said(work));
    hear("a grant", &|| begin(mocks::MockGrant::new().exchange(&ctx)));
    hear("a source", &|| mocks::MockTokenSource::new().reject(&token));
    hear("a transport", &|| {
        let mut request = http::Request::post(format!("https://login.example/token?{query}"))
            .body(bytes::Bytes::from(query.clone()))
            .unwrap();
        token.apply(request.headers_mut());
        begin(mocks::MockTransport::new().send(request));
    });
    assert_silent(&surfaces, &planted.canaries());
}
