//! `InMemoryTokenCache` of huskarl over its grant for client credentials, asked by `HttpAuthorizer::get_headers`, as
//! its example does.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use huskarl::{
    authorizer::HttpAuthorizer,
    cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache},
    core::{
        EndpointUrl, Error, RetryAdvice,
        client_auth::ClientSecret,
        http::{HttpClient, HttpResponse, Idempotency},
        platform::MaybeSendBoxFuture,
        secrets::{ProvidedSecret, SecretString},
    },
    grant::client_credentials::{ClientCredentialsGrant, ClientCredentialsGrantParameters},
};

use crate::storms::endpoint::Endpoint;

use super::{
    Keeper, Kind, Source,
    http::{Http, client, send},
};

/// The authorizer.
pub const KEEPER: Keeper = Keeper {
    label: "huskarl, in-memory cache",
    kind: Kind::Lazy,
    start,
};

struct Authorizer {
    authorizer: HttpAuthorizer,
    uri: Uri,
}

struct Hyper(Http);

fn start(endpoint: &Endpoint) -> Result<Arc<dyn Source>, String> {
    let address = EndpointUrl::try_from(endpoint.uri()).map_err(|error| error.to_string())?;
    let secret = ProvidedSecret::new(SecretString::new("made-up"));
    let grant = ClientCredentialsGrant::builder()
        .client_id("made-up")
        .http_client(Hyper(client()))
        .client_auth(ClientSecret::new(secret))
        .token_endpoint(address)
        .build();
    let source = GrantTokenSource::builder()
        .grant(grant)
        .grant_parameters(ClientCredentialsGrantParameters::builder().build())
        .refresh_store(InMemoryRefreshTokenStore::default())
        .build();
    let cache = InMemoryTokenCache::builder().source(source).build();
    Ok(Arc::new(Authorizer {
        authorizer: HttpAuthorizer::builder().cache(cache).build(),
        uri: Uri::from_static("https://api.example/v1/things"),
    }))
}

#[async_trait]
impl Source for Authorizer {
    async fn token(&self) -> Result<(), String> {
        let headers = self.authorizer.get_headers(&Method::GET, &self.uri).await;
        headers.map(drop).map_err(|error| error.to_string())
    }
}

impl HttpClient for Hyper {
    fn execute(
        &self,
        request: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        Box::pin(async move {
            let answer = send(&self.0, request.map(Full::new)).await;
            let answer = answer.map_err(|why| Error::new(RetryAdvice::No, why))?;
            let (head, body) = answer.into_parts();
            Ok(HttpResponse {
                status: head.status,
                headers: head.headers,
                body,
            })
        })
    }
}
