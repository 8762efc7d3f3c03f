//! The layers that are compared.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{Cached, Exchange, Grant, Lifetime, Origins, Secret, Token, TokenSet, TokenSource};
use auth_tower::{AuthLayer, Never, RequestHead, route};
use tower::Layer;
use tower_http::auth::AddAuthorizationLayer;

use crate::lane::{Nothing, cloned, kept};

const TOKEN: &str = "made-up.eyJzdWIiOiJub2JvZHkifQ.0123456789abcdefghijklmnopqrstuvwxyz";

/// Sends that many requests one way.
pub(crate) fn drive(way: &str, requests: u64) -> Result<(), Box<dyn Error>> {
    let source = source()?;
    let fixed = AuthLayer::new(source.clone()).replay(Never).layer(Nothing);
    let fixed_header = AddAuthorizationLayer::bearer(TOKEN).layer(Nothing);
    match way {
        "bare" => kept(Nothing, requests),
        "static" => kept(fixed_header, requests),
        "fixed" => kept(fixed, requests),
        "replayed" => kept(AuthLayer::new(source).layer(Nothing), requests),
        "routed" => {
            let source: Arc<dyn TokenSource> = source.into();
            let route = route::by(move |_: &RequestHead<'_>| Ok(Arc::clone(&source)));
            let layer = AuthLayer::routed(route).replay(Never);
            kept(layer.layer(Nothing), requests);
        }
        "cloned bare" => cloned(&Nothing, requests),
        "cloned static" => cloned(&fixed_header, requests),
        "cloned" => cloned(&fixed, requests),
        _ => return Err(format!("there is no way called {way}").into()),
    }
    Ok(())
}

struct Local;

#[async_trait]
impl Grant for Local {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, auth_core::Error> {
        let day = Lifetime::new(ctx.clock.now(), Duration::from_secs(86_400));
        let token = Token::bearer(Secret::new(TOKEN))?.with_lifetime(day);
        Ok(TokenSet::new(token))
    }
}

/// Returns a source that holds a token.
fn source() -> Result<Cached, Box<dyn Error>> {
    let source = Cached::builder(Local, Origins::parse("https://api.example")?).build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(source.warm_up())?;
    Ok(source)
}
