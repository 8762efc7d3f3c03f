//! The lazy identity cache of aws-smithy-runtime, as a generated client has it by default.
//!
//! Such a client asks the cache for each request and then signs; for bearer tokens, signing is `format!` and one header.
//! That is what is done here, on a request of the `http` crate, which saves it the turn into smithy's own.

use std::time::{Duration, SystemTime};

use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_runtime::client::{
    auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme},
    identity::IdentityCache,
    orchestrator::endpoints::StaticUriEndpointResolver,
    retries::strategy::NeverRetryStrategy,
};
use aws_smithy_runtime_api::client::{
    auth::static_resolver::StaticAuthSchemeOptionResolver,
    identity::{ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver, http::Token},
    runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
};
use aws_smithy_types::config_bag::ConfigBag;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tower::BoxError;

use super::{
    Lanes, Subject,
    lane::{Stamp, TOKEN, stamped},
};

/// An identity for each request.
pub const TOWER: Subject = Subject {
    name: "aws",
    label: "aws-smithy-runtime",
    over: "bare",
    beside: "static",
    start: || Box::pin(start()),
};

async fn start() -> Result<Lanes, String> {
    let ends = SystemTime::now() + Duration::from_secs(86_400);
    // A token is its own resolver.
    let resolver = SharedIdentityResolver::new(Token::new(TOKEN, Some(ends)));
    stamped(Smithy {
        components: components(resolver.clone())?,
        config: ConfigBag::base(),
        resolver,
    })
    .await
}

/// Returns the least that a client consists of.
pub(crate) fn components(resolver: SharedIdentityResolver) -> Result<RuntimeComponents, String> {
    let scheme = NO_AUTH_SCHEME_ID;
    let options = StaticAuthSchemeOptionResolver::new(vec![scheme.clone()]);
    let address = StaticUriEndpointResolver::uri("https://api.example");
    RuntimeComponentsBuilder::new("peers")
        .with_auth_scheme_option_resolver(Some(options))
        .with_auth_scheme(NoAuthScheme::new())
        .with_endpoint_resolver(Some(address))
        .with_identity_cache(Some(IdentityCache::lazy().build()))
        .with_identity_resolver(scheme, resolver)
        .with_retry_strategy(Some(NeverRetryStrategy::new()))
        .with_sleep_impl(Some(TokioSleep::new()))
        .with_time_source(Some(SystemTimeSource::new()))
        .build()
        .map_err(|error| error.to_string())
}

struct Smithy {
    components: RuntimeComponents,
    config: ConfigBag,
    resolver: SharedIdentityResolver,
}

impl Stamp for Smithy {
    async fn stamp(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        let cache: SharedIdentityCache = self.components.identity_cache();
        let resolver = self.resolver.clone();
        let identity = cache
            .resolve_cached_identity(resolver, &self.components, &self.config)
            .await?;
        let token: &Token = identity.data().ok_or("there is no token")?;
        let value = HeaderValue::from_str(&format!("Bearer {}", token.token()))?;
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}
