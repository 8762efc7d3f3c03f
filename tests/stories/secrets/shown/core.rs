//! The types of `auth-core`.

use std::{sync::Arc, time::Duration};

use auth_core::{
    Cached, Clock, Error, ErrorKind, Event, Exchange, ExchangeLimit, Held, Lifetime, MemoryStore,
    Moment, Origin, Origins, Policy, Record, Secret, StoreKey, SystemClock, Tenants, Ticks, Token,
    TokenRequest, TokenSet, TokenSource, TokenStore,
};
use auth_testkit::{ManualClock, ScriptedGrant};
use http::header::AUTHORIZATION;

use super::Shown;
use crate::secrets::Planted;

pub(super) fn token(planted: &Planted) -> Token {
    let token = Token::bearer(planted.access.as_str().into()).unwrap();
    let key = http::HeaderName::from_static("x-key");
    let token = token.with_header(key, &planted.api_key).unwrap();
    let token = token.with_extra("key", planted.api_key.as_str().into());
    token.with_scope(&planted.refresh)
}

pub(in crate::secrets) fn set(planted: &Planted) -> TokenSet {
    TokenSet::new(token(planted)).with_refresh(Some(planted.refresh.as_str().into()))
}

pub(super) fn exchange(planted: &Planted) -> Exchange {
    let mut ctx = Exchange::new(Arc::new(ManualClock::new()));
    ctx.previous = Some(set(planted));
    ctx
}

pub(super) async fn show(planted: &Planted, shown: &mut Shown) {
    let (clock, origins) = (
        SystemClock::new(),
        Origins::parse("https://api.example").unwrap(),
    );
    let now = clock.now();
    shown.show(&clock);
    shown.show(&now);
    shown.show(&Ticks::from(now));
    shown.show(&Moment::after(now, Duration::from_secs(60)));
    shown.show(&Lifetime::new(now, Duration::from_secs(60)));
    let address = format!("https://api.example/?key={}", planted.api_key);
    shown.show(&Origin::parse(&address).unwrap());
    shown.show(&origins);
    shown.show(&Policy::default());
    shown.show(&Policy::default().advisory);
    shown.show(&Secret::from(&*planted.password));

    let token = token(planted);
    shown.show(&token);
    shown.show(&set(planted));
    shown.show(&exchange(planted));
    let mut held = Held::new();
    held.keep(&token, 1, None);
    shown.show(&held);
    let mut request = TokenRequest::new(address.parse().unwrap());
    let secret = || Secret::from(&*planted.client_secret);
    request
        .query_parameter("refresh_token", planted.refresh.as_str().into())
        .unwrap();
    request.form_parameter("client_secret", secret()).unwrap();
    request
        .header(AUTHORIZATION, &Secret::from(&*planted.api_key))
        .unwrap();
    shown.show(&request);

    let error = Error::new(ErrorKind::Protocol, "made up");
    shown.show(&error);
    shown.show(&Event::Refused);
    let key = StoreKey::new(["demo"]);
    shown.show(&key);
    shown.show(&Record::new(set(planted), 1));
    let store = MemoryStore::new();
    let mut lease = store.lease(&key).await.unwrap();
    lease.save(None, &set(planted)).await.unwrap();
    shown.show(&store);

    let grant = ScriptedGrant::new();
    grant.returns(set(planted));
    let builder = Cached::builder(grant, origins.clone()).previous(set(planted));
    shown.show(&builder);
    let source = builder.build();
    source.token().await.unwrap();
    shown.show(&source);
    shown.show(&source.status());
    let most = std::num::NonZeroUsize::MIN;
    shown.show(&ExchangeLimit::new(most));
    let tenants = Tenants::new(most, move |_: &String| {
        Ok(Cached::builder(ScriptedGrant::new(), origins.clone()).build())
    });
    // The names of tenants may be secrets of the application.
    tenants.get(&planted.api_key).unwrap();
    shown.show(&tenants);
}
