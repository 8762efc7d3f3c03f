//! The layer of auth-tower over one `Cached`, whose grant answers at once with a token of a day.
//!
//! Driven as its README shows. `Never` where no request is sent twice, which is what all others here do; the row with
//! replay keeps each request until it was answered.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{
    Cached, Error, Exchange, Grant, Lifetime, Origins, Secret, Token, TokenSet, TokenSource,
};
use auth_tower::{AuthLayer, Never, RequestHead, route};
use tower::Layer;

use super::{
    Lanes, Subject,
    lane::{Nothing, TOKEN, cloned, kept},
};

/// One source for all requests.
pub const FIXED: Subject = Subject {
    name: "ours",
    label: "auth-tower",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::new(source().await?).replay(Never);
            Ok(kept(layer.layer(Nothing)))
        })
    },
};

/// What a refusal would be answered with a second sending of.
pub const REPLAYED: Subject = Subject {
    name: "ours-replay",
    label: "auth-tower, replay on",
    over: "bare",
    beside: "static",
    start: || Box::pin(async { Ok(kept(AuthLayer::new(source().await?).layer(Nothing))) }),
};

/// A function names the source of each request.
pub const ROUTED: Subject = Subject {
    name: "ours-routed",
    label: "auth-tower, source chosen per request",
    over: "bare",
    beside: "static",
    start: || Box::pin(routed()),
};

/// A clone for each request.
pub const CLONED: Subject = Subject {
    name: "ours-cloned",
    label: "auth-tower, cloned per request",
    over: "bare-cloned",
    beside: "static-cloned",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::new(source().await?).replay(Never);
            Ok(cloned(layer.layer(Nothing)))
        })
    },
};

async fn routed() -> Result<Lanes, String> {
    let source: Arc<dyn TokenSource> = Arc::new(source().await?);
    let route = route::by(move |_: &RequestHead<'_>| Ok(Arc::clone(&source)));
    Ok(kept(AuthLayer::routed(route).replay(Never).layer(Nothing)))
}

struct Local;

#[async_trait]
impl Grant for Local {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let lifetime = Lifetime::new(ctx.clock.now(), Duration::from_secs(86_400));
        let token = Token::bearer(Secret::new(TOKEN))?.with_lifetime(lifetime);
        Ok(TokenSet::new(token))
    }
}

/// Returns a source that holds a token.
pub(super) async fn source() -> Result<Cached, String> {
    let origins = Origins::parse("https://api.example").map_err(|error| error.to_string())?;
    let source = Cached::builder(Local, origins).name("peers").build();
    let token = source.token().await;
    token.map_err(|error| error.to_string())?;
    Ok(source)
}
