//! `BearerTokenAuthorizationPolicy` of azure_core, in a pipeline of its own kind.
//!
//! Its policies take no request of the `http` crate, so it is measured over its own pipeline, whose last policy answers
//! at once. Its credential is a trait; the one here has a token of a day. It is compared with a policy that puts on a
//! header that never changes, as its users would write one.

use std::{hint::black_box, sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    Result,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{
        AsyncRawResponse, Context, Method, Request, StatusCode, Url,
        headers::{AUTHORIZATION, HeaderValue, Headers},
        policies::{Policy, PolicyResult, auth::BearerTokenAuthorizationPolicy},
    },
    time::OffsetDateTime,
};
use bytes::Bytes;

use super::{
    Lane, Lanes, Subject,
    lane::{BODY, TOKEN},
};

/// The pipeline that answers and does nothing else.
pub const BARE: Subject = Subject {
    name: "azure-bare",
    label: "azure_core's pipeline, no authentication",
    over: "azure-bare",
    beside: "azure-static",
    start: || Box::pin(async { Ok(lanes(vec![Arc::new(Answer)])) }),
};

/// The pipeline with the policy.
pub const POLICY: Subject = Subject {
    name: "azure",
    label: "azure_core, bearer token policy",
    over: "azure-bare",
    beside: "azure-static",
    start: || {
        Box::pin(async {
            let scopes = ["https://api.example/.default"];
            let policy = BearerTokenAuthorizationPolicy::new(Arc::new(Local), scopes);
            Ok(lanes(vec![Arc::new(policy), Arc::new(Answer)]))
        })
    },
};

/// The pipeline with a header that never changes.
pub const STATIC: Subject = Subject {
    name: "azure-static",
    label: "azure_core, static header by hand",
    over: "azure-bare",
    beside: "azure-static",
    start: || {
        Box::pin(async {
            let value = HeaderValue::from(format!("Bearer {TOKEN}"));
            Ok(lanes(vec![Arc::new(Static(value)), Arc::new(Answer)]))
        })
    },
};

fn lanes(pipeline: Vec<Arc<dyn Policy>>) -> Lanes {
    let url = Url::parse("https://api.example/v1/things?page=2").expect("that is an address");
    Box::new(move || {
        Box::new(Pipeline {
            policies: pipeline.clone(),
            url: url.clone(),
        })
    })
}

struct Pipeline {
    policies: Vec<Arc<dyn Policy>>,
    url: Url,
}

#[async_trait]
impl Lane for Pipeline {
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let mut request = Request::new(self.url.clone(), Method::Get);
            request.insert_header("accept", "application/json");
            request.insert_header("user-agent", "peers/1");
            request.set_body(Bytes::from_static(BODY));
            let [first, rest @ ..] = &*self.policies else {
                return;
            };
            let response = first.send(&Context::new(), &mut request, rest).await;
            black_box(response.expect("the last policy answers"));
        }
    }
}

#[derive(Debug)]
struct Answer;

#[async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and that says when it is bound"
)]
impl Policy for Answer {
    async fn send(
        &self,
        _: &Context,
        request: &mut Request,
        _: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        black_box(request);
        let (status, headers) = (StatusCode::Ok, Headers::new());
        Ok(AsyncRawResponse::from_bytes(status, headers, Bytes::new()))
    }
}

#[derive(Debug)]
struct Static(HeaderValue);

#[async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and that says when it is bound"
)]
impl Policy for Static {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        request.insert_header(AUTHORIZATION, self.0.clone());
        next[0].send(context, request, &next[1..]).await
    }
}

#[derive(Debug)]
struct Local;

#[async_trait]
impl TokenCredential for Local {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken> {
        let ends = OffsetDateTime::now_utc() + Duration::from_secs(86_400);
        Ok(AccessToken::new(TOKEN, ends))
    }
}
