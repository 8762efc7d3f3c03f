//! tower-http's layer for a token that never changes: the least that a layer can do.
//!
//! Driven as its documentation shows: `AddAuthorizationLayer::bearer` around the client. It renews nothing, checks no
//! origin and sees no refusal.

use tower::Layer;
use tower_http::auth::AddAuthorizationLayer;

use super::{
    Subject,
    lane::{Nothing, TOKEN, cloned, kept},
};

/// One handle for all requests.
pub const TOWER: Subject = Subject {
    name: "static",
    label: "tower-http, static header",
    over: "bare",
    beside: "static",
    start: || Box::pin(async { Ok(kept(AddAuthorizationLayer::bearer(TOKEN).layer(Nothing))) }),
};

/// A clone for each request.
pub const CLONED: Subject = Subject {
    name: "static-cloned",
    label: "tower-http, static header, cloned per request",
    over: "bare-cloned",
    beside: "static-cloned",
    start: || Box::pin(async { Ok(cloned(AddAuthorizationLayer::bearer(TOKEN).layer(Nothing))) }),
};
