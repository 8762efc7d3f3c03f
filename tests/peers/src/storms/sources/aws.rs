//! The identity cache of aws-smithy-runtime, `IdentityCache::lazy()`, as a generated client has it by default.
//!
//! A client asks the cache with its resolver and its runtime components for each request; that is what is done here.
//! The resolver is ours, because smithy has none for OAuth: it fetches and says when the token ends.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_smithy_runtime_api::client::{
    identity::{
        Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache,
        SharedIdentityResolver, http::Token,
    },
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::config_bag::ConfigBag;
use http::Uri;

use crate::{storms::endpoint::Endpoint, subjects::aws::components};

use super::{
    Keeper, Kind, Source,
    http::{Http, client, fetch},
};

/// The lazy cache.
pub const KEEPER: Keeper = Keeper {
    label: "aws-smithy-runtime, lazy identity cache",
    kind: Kind::Lazy,
    start,
};

struct Identities {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

#[derive(Debug)]
struct Fetch {
    http: Http,
    endpoint: Uri,
}

fn start(endpoint: &Endpoint) -> Result<Arc<dyn Source>, String> {
    let resolver = SharedIdentityResolver::new(Fetch {
        http: client(),
        endpoint: endpoint.uri(),
    });
    let components = components(resolver.clone())?;
    Ok(Arc::new(Identities {
        cache: components.identity_cache(),
        resolver,
        components,
        config: ConfigBag::base(),
    }))
}

#[async_trait]
impl Source for Identities {
    async fn token(&self) -> Result<(), String> {
        let resolver = self.resolver.clone();
        let identity = self
            .cache
            .resolve_cached_identity(resolver, &self.components, &self.config)
            .await;
        identity.map(drop).map_err(|error| error.to_string())
    }
}

impl ResolveIdentity for Fetch {
    fn resolve_identity<'a>(
        &'a self,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let (token, lifetime): (String, Duration) = fetch(&self.http, &self.endpoint).await?;
            let ends = Some(SystemTime::now() + lifetime);
            Ok(Identity::new(Token::new(token, ends), ends))
        })
    }
}
