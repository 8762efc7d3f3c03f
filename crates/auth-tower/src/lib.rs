#![doc = include_str!("../README.md")]

mod answer;
mod attempt;
mod challenge;
mod config;
mod error;
mod future;
mod layer;
#[cfg(test)]
mod mock;
pub mod peek;
pub mod replay;
pub mod route;
mod seat;
mod service;
pub mod trailers;
mod transport;

pub use answer::Answer;
pub use config::ForeignOrigin;
pub use error::{AuthError, BoxError, Reason};
pub use future::ResponseFuture;
pub use layer::AuthLayer;
pub use peek::{PeekBody, PeekBodyLayer};
pub use replay::{Known, Never, RecordBody, Replay, ReplayWith};
pub use route::{NoAuth, RequestHead, Route};
pub use service::Auth;
pub use trailers::{WatchTrailers, WatchTrailersLayer};
pub use transport::TowerTransport;
