#![doc = include_str!("../README.md")]

mod client;
mod failure;
mod service;
mod transport;
#[cfg(test)]
mod wire;

pub use client::client_without_redirects;
pub use service::{HttpService, ResponseFuture};
pub use transport::{ReqwestTransport, TransportBuilder};
