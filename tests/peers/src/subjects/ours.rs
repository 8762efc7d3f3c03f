//! The layer of auth-tower over one `Cached`, whose grant answers at once with a token of a day.
//!
//! As it comes, the layer keeps what it can send a second time until the answer is there, and does so where a token is
//! refused. None of the others does, so each of ours is also driven with `Never`, which keeps nothing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{
    Cached, Error, Exchange, Grant, Lifetime, Origins, Secret, Token, TokenSet, TokenSource,
};
use auth_tower::{AuthLayer, Never, RequestHead, route};
use tower::Layer;

use super::{
    Subject,
    lane::{Nothing, TOKEN, cloned, kept},
};

/// One source for all requests, each sent once.
pub const FIXED: Subject = Subject {
    name: "ours",
    label: "auth-tower, replay off",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::new(source().await?).replay(Never);
            Ok(kept(layer.layer(Nothing)))
        })
    },
};

/// The same, as it comes.
pub const REPLAYED: Subject = Subject {
    name: "ours-replay",
    label: "auth-tower, as it comes (replay on)",
    over: "bare",
    beside: "static",
    start: || Box::pin(async { Ok(kept(AuthLayer::new(source().await?).layer(Nothing))) }),
};

/// A function names the source of each request.
pub const ROUTED: Subject = Subject {
    name: "ours-routed",
    label: "auth-tower, source chosen per request, replay off",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::routed(route::by(choice().await?)).replay(Never);
            Ok(kept(layer.layer(Nothing)))
        })
    },
};

/// The same, as it comes.
pub const ROUTED_REPLAYED: Subject = Subject {
    name: "ours-routed-replay",
    label: "auth-tower, source chosen per request, as it comes (replay on)",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::routed(route::by(choice().await?));
            Ok(kept(layer.layer(Nothing)))
        })
    },
};

/// A clone for each request.
pub const CLONED: Subject = Subject {
    name: "ours-cloned",
    label: "auth-tower, cloned per request, replay off",
    over: "bare-cloned",
    beside: "static-cloned",
    start: || {
        Box::pin(async {
            let layer = AuthLayer::new(source().await?).replay(Never);
            Ok(cloned(layer.layer(Nothing)))
        })
    },
};

/// The same, as it comes.
pub const CLONED_REPLAYED: Subject = Subject {
    name: "ours-cloned-replay",
    label: "auth-tower, cloned per request, as it comes (replay on)",
    over: "bare-cloned",
    beside: "static-cloned",
    start: || Box::pin(async { Ok(cloned(AuthLayer::new(source().await?).layer(Nothing))) }),
};

type Shared = Arc<dyn TokenSource>;

/// Returns what names the source of a request: always the same one, so that no look-up in a map is measured.
async fn choice() -> Result<impl Fn(&RequestHead<'_>) -> Result<Shared, Error> + Clone, String> {
    let source: Shared = Arc::new(source().await?);
    Ok(move |_: &RequestHead<'_>| Ok(Arc::clone(&source)))
}

struct Local;

#[async_trait]
impl Grant for Local {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        granted(ctx, TOKEN)
    }
}

/// Returns a token of a day.
pub(crate) fn granted(ctx: &Exchange, token: impl Into<String>) -> Result<TokenSet, Error> {
    let lifetime = Lifetime::new(ctx.clock.now(), Duration::from_secs(86_400));
    let token = Token::bearer(Secret::new(token))?.with_lifetime(lifetime);
    Ok(TokenSet::new(token))
}

/// Returns a source that holds a token.
pub(super) async fn source() -> Result<Cached, String> {
    let origins = Origins::parse("https://api.example").map_err(|error| error.to_string())?;
    let source = Cached::builder(Local, origins).name("peers").build();
    let token = source.token().await;
    token.map_err(|error| error.to_string())?;
    Ok(source)
}
