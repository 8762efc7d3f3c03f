//! Two HTTP clients that know nothing of tokens, and the layer around them.

use auth_core::{Error, TokenSource};
use auth_reqwest::HttpService;
use auth_tower::{AuthError, AuthLayer, BoxError};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

/// A client behind the layer. Of an answer, the status is all that this example wants.
pub(crate) type Api = BoxCloneSyncService<Request<Full<Bytes>>, StatusCode, BoxError>;

/// Puts the layer around hyper-util's client.
pub(crate) fn hyper(source: impl TokenSource + 'static) -> Api {
    let client = Client::builder(TokioExecutor::new()).build_http();
    authenticated(source, client)
}

/// Puts the layer around reqwest's client.
pub(crate) fn reqwest(source: impl TokenSource + 'static) -> Result<Api, Error> {
    HttpService::new().map(|client| authenticated(source, client))
}

fn authenticated<S, R>(source: impl TokenSource + 'static, client: S) -> Api
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: Send + 'static,
{
    let client = AuthLayer::new(source).layer(client);
    BoxCloneSyncService::new(client.map_response(|response: Response<R>| response.status()))
}

/// Reads what is at `address` and says how that ended: with a status, or with the kind of the error.
pub(crate) async fn get(api: &Api, address: &str) -> Result<String, BoxError> {
    told(api, Request::get(address).body(Full::default())?).await
}

/// Sends something to `address`.
pub(crate) async fn post(api: &Api, address: &str) -> Result<String, BoxError> {
    let body = Full::from(r#"{"made":"up"}"#);
    told(api, Request::post(address).body(body)?).await
}

async fn told(api: &Api, request: Request<Full<Bytes>>) -> Result<String, BoxError> {
    match api.clone().oneshot(request).await {
        Ok(status) => Ok(status.as_u16().to_string()),
        // The layer's errors tell what to do about them; others come from the client below it.
        Err(error) => match AuthError::find(&*error) {
            Some(auth) => Ok(format!("{:?}", auth.kind())),
            None => Err(error),
        },
    }
}
