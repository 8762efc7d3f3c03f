//! Nobody: the same requests over the same no-op service, without authentication.

use super::{
    Subject,
    lane::{Nothing, cloned, kept},
};

/// One handle for all requests.
pub const TOWER: Subject = Subject {
    name: "bare",
    label: "no authentication",
    over: "bare",
    beside: "static",
    start: || Box::pin(async { Ok(kept(Nothing)) }),
};

/// A clone for each request.
pub const CLONED: Subject = Subject {
    name: "bare-cloned",
    label: "no authentication, cloned per request",
    over: "bare-cloned",
    beside: "static-cloned",
    start: || Box::pin(async { Ok(cloned(Nothing)) }),
};
