//! Nobody: the same requests over the same no-op service, without authentication.

use super::{
    Subject,
    lane::{Nothing, cloned, kept},
};

/// One handle for all requests.
pub static TOWER: Subject = Subject {
    name: "bare",
    label: "no authentication",
    over: "bare",
    start: || Box::pin(async { Ok(kept(Nothing)) }),
};

/// A clone for each request.
pub static CLONED: Subject = Subject {
    name: "bare-cloned",
    label: "no authentication, cloned per request",
    over: "bare-cloned",
    start: || Box::pin(async { Ok(cloned(Nothing)) }),
};
