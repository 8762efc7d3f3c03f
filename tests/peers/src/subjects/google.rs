//! `Credentials` of google-cloud-auth, of the kind that asks the metadata server of a virtual machine.
//!
//! That server is the stub, named by `with_endpoint`. Both rows ask for headers before each request and put them on it.
//! As Google's clients do, without a tag; the second row keeps the headers and names their tag.

use std::hint::black_box;

use async_trait::async_trait;
use google_cloud_auth::credentials::{CacheableResource, Credentials, EntityTag, mds};
use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use tower::{BoxError, Service};

use crate::stub;

use super::{
    Lane, Lanes, Subject,
    lane::{Nothing, Stamp, request, stamped},
};

/// Headers anew for each request.
pub const TOWER: Subject = Subject {
    name: "google",
    label: "google-cloud-auth, headers anew",
    over: "bare",
    beside: "static",
    start: || Box::pin(async { stamped(Google(credentials().await?)).await }),
};

/// Headers that are kept, and asked for by their tag.
pub const TAGGED: Subject = Subject {
    name: "google-tagged",
    label: "google-cloud-auth, with its entity tag",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let mut first = Tagged::new(credentials().await?);
            let mut headers = HeaderMap::new();
            let stamp = first.stamp(&mut headers).await;
            stamp.map_err(|error| error.to_string())?;
            if !headers.contains_key(AUTHORIZATION) {
                return Err("it put no token on the request".to_owned());
            }
            let credentials = first.credentials;
            let lane = move || Box::new(Tagged::new(credentials.clone())) as Box<dyn Lane>;
            Ok(Box::new(lane) as Lanes)
        })
    },
};

async fn credentials() -> Result<Credentials, String> {
    let endpoint = stub::start().await.map_err(|error| error.to_string())?;
    let credentials = mds::Builder::default().with_endpoint(format!("http://{endpoint}"));
    credentials.build().map_err(|error| error.to_string())
}

struct Google(Credentials);

impl Stamp for Google {
    async fn stamp(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        match self.0.headers(Extensions::new()).await? {
            CacheableResource::New { data, .. } => headers.extend(data),
            CacheableResource::NotModified => return Err("not modified, without a tag".into()),
        }
        Ok(())
    }
}

/// One thread's clone, and the headers that it was given last.
struct Tagged {
    credentials: Credentials,
    held: Option<(EntityTag, HeaderMap)>,
}

impl Tagged {
    fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            held: None,
        }
    }

    async fn stamp(&mut self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        let mut extensions = Extensions::new();
        if let Some((tag, _)) = &self.held {
            extensions.insert(tag.clone());
        }
        if let CacheableResource::New { entity_tag, data } =
            self.credentials.headers(extensions).await?
        {
            self.held = Some((entity_tag, data));
        }
        let (_, held) = self.held.as_ref().ok_or("not modified, without a tag")?;
        for (name, value) in held {
            headers.insert(name, value.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl Lane for Tagged {
    async fn drive(&mut self, requests: u64) {
        for _ in 0..requests {
            let mut request = request();
            let stamped = self.stamp(request.headers_mut()).await;
            stamped.expect("a token that was there is there");
            let response = Nothing.call(request).await;
            black_box(response.expect("a no-op service answers"));
        }
    }
}
