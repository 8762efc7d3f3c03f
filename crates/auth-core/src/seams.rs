//! What the seams promise to the compiler, pinned where a change would be noticed.

use std::{future::Future, sync::Arc};

use crate::{
    Cached, CachedBuilder, Clock, Credentials, Error, Event, Exchange, ExchangeLimit, Grant, Held,
    Lease, MemoryStore, Observer, Origins, Peek, Policy, Secret, Status, StoreKey, SystemClock,
    Tenants, Token, TokenRequest, TokenSet, TokenSource, TokenStore, Transport,
};

fn shared<T: Send + Sync + 'static + ?Sized>() {}
fn sent<T: Send + 'static + ?Sized>() {}
fn cloned<T: Clone>() {}

#[test]
fn everything_public_can_cross_threads() {
    shared::<Secret>();
    shared::<Error>();
    shared::<Token>();
    shared::<TokenSet>();
    shared::<TokenRequest>();
    shared::<Exchange>();
    shared::<ExchangeLimit>();
    shared::<Held>();
    shared::<Origins>();
    shared::<Policy>();
    shared::<Status>();
    shared::<Event>();
    shared::<StoreKey>();
    shared::<MemoryStore>();
    shared::<SystemClock>();
    shared::<Cached>();
    shared::<CachedBuilder>();
    shared::<Tenants<String>>();
    cloned::<Cached>();
    cloned::<Tenants<String>>();
    cloned::<Error>();
    cloned::<ExchangeLimit>();
    cloned::<Token>();
}

#[test]
fn seams_are_object_safe_and_shared() {
    shared::<dyn TokenSource>();
    shared::<dyn Grant>();
    shared::<dyn Credentials>();
    shared::<dyn Transport>();
    shared::<dyn TokenStore>();
    shared::<dyn Clock>();
    shared::<dyn Observer>();
    sent::<dyn Lease>();
}

#[test]
fn futures_are_send_and_borrow_only_what_they_are_called_on() {
    fn send<F: Future + Send>(_: impl FnOnce(Cached) -> F) {}
    send(|source| async move { source.token().await.map(drop) });
    send(|source| async move { source.warm_up().await });
    send(|source| async move { source.renew_now().await.map(drop) });
    send(|source| async move { source.login(TokenSet::login("made-up".into())).await });
}

/// A source whose every method answers otherwise than the default.
struct Loud(Origins);

#[async_trait::async_trait]
impl TokenSource for Loud {
    async fn token(&self) -> Result<Token, Error> {
        Token::bearer("loud".into())
    }

    fn peek(&self, _: &mut Held) -> Peek {
        Peek::Renew
    }

    fn origins(&self) -> &Origins {
        &self.0
    }
}

/// A grant that does not do what the default says.
struct Keeps;

#[async_trait::async_trait]
impl Grant for Keeps {
    async fn exchange(&self, _: &Exchange) -> Result<TokenSet, Error> {
        Token::bearer("kept".into()).map(TokenSet::new)
    }

    fn rotates(&self) -> bool {
        false
    }
}

#[test]
fn forwarding_loses_no_default_method() {
    fn check(source: &impl TokenSource) {
        assert_eq!(source.peek(&mut Held::new()), Peek::Renew);
        assert!(!source.origins().is_empty());
    }
    let loud = || Loud(Origins::parse("https://api.example").unwrap());
    check(&Arc::new(loud()));
    check(&Box::new(loud()));
    check(&(Arc::new(loud()) as Arc<dyn TokenSource>));
    check(&(Box::new(loud()) as Box<dyn TokenSource>));
    check(&Arc::new(Box::new(loud())));

    assert!(!Arc::new(Keeps).rotates());
    assert!(!(Box::new(Keeps) as Box<dyn Grant>).rotates());
}
