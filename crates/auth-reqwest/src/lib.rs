#![doc = include_str!("../README.md")]

mod client;
mod failure;
#[cfg(feature = "middleware")]
mod middleware;
#[cfg(feature = "tower")]
mod replay;
mod service;
#[cfg(test)]
#[cfg(feature = "tower")]
mod source;
mod transport;
#[cfg(test)]
mod wire;

pub use client::client_without_redirects;
#[cfg(feature = "middleware")]
pub use middleware::AuthMiddleware;
#[cfg(feature = "tower")]
pub use replay::ReplayBody;
pub use service::{HttpService, ResponseFuture};
pub use transport::{ReqwestTransport, TransportBuilder};
