//! The HTTP client of everybody who lets it be chosen.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;

/// The client of hyper-util, as it comes.
pub type Http = Client<HttpConnector, Full<Bytes>>;

/// Returns a client with a pool of its own.
pub fn client() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Sends a request and reads the whole answer.
pub async fn send(http: &Http, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
    let answer = http
        .request(request)
        .await
        .map_err(|error| error.to_string())?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// Asks for a token the way people write it by hand.
pub async fn fetch(http: &Http, endpoint: &Uri) -> Result<(String, Duration), String> {
    #[derive(Deserialize)]
    struct Reply {
        access_token: String,
        expires_in: u64,
    }

    let form = "grant_type=client_credentials&client_id=made-up&client_secret=made-up";
    let request = Request::post(endpoint)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::from(form))
        .map_err(|error| error.to_string())?;
    let answer = send(http, request).await?;
    if !answer.status().is_success() {
        return Err(answer.status().to_string());
    }
    let reply: Reply = serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
    Ok((reply.access_token, Duration::from_secs(reply.expires_in)))
}
