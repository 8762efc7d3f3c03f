//! `Credentials` of google-cloud-auth, of the kind that asks the metadata server of a virtual machine.
//!
//! That server is the stub, named by `with_endpoint`. Driven as the clients of Google's libraries do it: ask for headers
//! before each request and add them. `headers` can answer "not modified" to whoever names the tag of what he holds;
//! those clients hold nothing.

use google_cloud_auth::credentials::{CacheableResource, Credentials, mds};
use http::{Extensions, HeaderMap};
use tower::BoxError;

use crate::stub;

use super::{
    Subject,
    lane::{Stamp, stamped},
};

/// Headers anew for each request.
pub const TOWER: Subject = Subject {
    name: "google",
    label: "google-cloud-auth",
    over: "bare",
    beside: "static",
    start: || {
        Box::pin(async {
            let endpoint = stub::start().await.map_err(|error| error.to_string())?;
            let credentials = mds::Builder::default().with_endpoint(format!("http://{endpoint}"));
            let credentials = credentials.build().map_err(|error| error.to_string())?;
            stamped(Google(credentials)).await
        })
    },
};

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
