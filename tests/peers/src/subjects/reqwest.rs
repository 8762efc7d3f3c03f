//! The chain of reqwest-middleware, whose last middleware answers at once: no network.
//!
//! Ours is `AuthMiddleware` of auth-reqwest. reqwest-middleware brings no authentication, so the peer is what its users
//! write: a middleware that inserts a header it was given.

use std::hint::black_box;

use ::reqwest::{Body, Client, Request, Response, Url};
use async_trait::async_trait;
use auth_reqwest::{AuthMiddleware, client_without_redirects};
use bytes::Bytes;
use http::{
    Extensions, HeaderValue,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next, Result};

use super::{
    Lane, Lanes, Subject,
    lane::{BODY, TOKEN},
    ours,
};

/// The chain that answers and does nothing else.
pub const BARE: Subject = Subject {
    name: "reqwest-bare",
    label: "reqwest-middleware's chain, no authentication",
    over: "reqwest-bare",
    beside: "reqwest-static",
    start: || Box::pin(async { lanes(|client| client) }),
};

/// The chain with our middleware.
pub const OURS: Subject = Subject {
    name: "reqwest-ours",
    label: "auth-reqwest, middleware, as it comes (replay on)",
    over: "reqwest-bare",
    beside: "reqwest-static",
    start: || {
        Box::pin(async {
            let auth = AuthMiddleware::new(ours::source().await?);
            lanes(|client| client.with(auth))
        })
    },
};

/// The chain with a header that never changes.
pub const STATIC: Subject = Subject {
    name: "reqwest-static",
    label: "reqwest-middleware, static header by hand",
    over: "reqwest-bare",
    beside: "reqwest-static",
    start: || {
        Box::pin(async {
            let mut value = HeaderValue::try_from(format!("Bearer {TOKEN}"))
                .map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            lanes(|client| client.with(Static(value)))
        })
    },
};

fn lanes(with: impl FnOnce(ClientBuilder) -> ClientBuilder) -> std::result::Result<Lanes, String> {
    let client = client_without_redirects(Client::builder()).map_err(|error| error.to_string())?;
    let client = with(ClientBuilder::new(client)).with(Answer).build();
    let url = Url::parse("https://api.example/v1/things?page=2").expect("that is an address");
    Ok(Box::new(move || {
        Box::new(Chain {
            client: client.clone(),
            url: url.clone(),
        })
    }))
}

struct Chain {
    client: ClientWithMiddleware,
    url: Url,
}

#[async_trait]
impl Lane for Chain {
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let request = self.client.get(self.url.clone());
            let request = request
                .header(ACCEPT, HeaderValue::from_static("application/json"))
                .header(USER_AGENT, HeaderValue::from_static("peers/1"))
                .body(Bytes::from_static(BODY));
            let response = request.send().await;
            black_box(response.expect("the last middleware answers"));
        }
    }
}

struct Answer;

#[async_trait]
impl Middleware for Answer {
    async fn handle(&self, request: Request, _: &mut Extensions, _: Next<'_>) -> Result<Response> {
        black_box(&request);
        Ok(http::Response::new(Body::from(Bytes::new())).into())
    }
}

struct Static(HeaderValue);

#[async_trait]
impl Middleware for Static {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        request.headers_mut().insert(AUTHORIZATION, self.0.clone());
        next.run(request, extensions).await
    }
}
