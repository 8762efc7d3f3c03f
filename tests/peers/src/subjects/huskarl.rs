//! `HttpAuthorizer` of huskarl over its in-memory cache and its grant for client credentials.
//!
//! Driven as its example `cached_client` does: `get_headers` before each request, `process_response` after it. Its HTTP
//! client is a trait; the one here answers at once.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use huskarl::{
    authorizer::HttpAuthorizer,
    cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache},
    core::{
        Error,
        client_auth::ClientSecret,
        http::{HttpClient, HttpResponse, Idempotency},
        platform::MaybeSendBoxFuture,
        secrets::{ProvidedSecret, SecretString},
    },
    grant::client_credentials::{ClientCredentialsGrant, ClientCredentialsGrantParameters},
};
use tower::BoxError;

use super::{
    Lanes, Subject,
    lane::{Stamp, TOKEN, stamped},
};

/// Headers anew for each request.
pub const TOWER: Subject = Subject {
    name: "huskarl",
    label: "huskarl",
    over: "bare",
    beside: "static",
    start: || Box::pin(start()),
};

async fn start() -> Result<Lanes, String> {
    let endpoint = "https://login.example/token".parse();
    let endpoint = endpoint.map_err(|_| "that is an address".to_owned())?;
    let secret = ProvidedSecret::new(SecretString::new("made-up"));
    let grant = ClientCredentialsGrant::builder()
        .client_id("made-up")
        .http_client(Local)
        .client_auth(ClientSecret::new(secret))
        .token_endpoint(endpoint)
        .build();
    let source = GrantTokenSource::builder()
        .grant(grant)
        .grant_parameters(ClientCredentialsGrantParameters::new())
        .refresh_store(InMemoryRefreshTokenStore::default())
        .build();
    let cache = InMemoryTokenCache::builder().source(source).build();
    stamped(Huskarl {
        authorizer: HttpAuthorizer::builder().cache(cache).build(),
        uri: Uri::from_static("https://api.example/v1/things?page=2"),
    })
    .await
}

struct Huskarl {
    authorizer: HttpAuthorizer,
    uri: Uri,
}

impl Stamp for Huskarl {
    async fn stamp(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        let token = self.authorizer.get_headers(&Method::GET, &self.uri).await?;
        headers.extend(token);
        // The response of the no-op service has no headers.
        self.authorizer
            .process_response(&self.uri, &HeaderMap::new());
        Ok(())
    }
}

struct Local;

impl HttpClient for Local {
    fn execute(
        &self,
        _: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        let body =
            format!(r#"{{"access_token":"{TOKEN}","expires_in":86400,"token_type":"Bearer"}}"#);
        let response = HttpResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        Box::pin(std::future::ready(Ok(response)))
    }
}
