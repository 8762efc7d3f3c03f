//! Everybody who keeps tokens, driven the way their users do, one file each.
//!
//! Whoever lets the HTTP client be chosen gets the one in `http.rs`, so that clients are not what is compared.

mod aws;
mod azure;
mod google;
mod http;
mod huskarl;
mod locked;
mod ours;
mod ready;
mod yup;

use std::sync::Arc;

use async_trait::async_trait;

use super::endpoint::Endpoint;

/// Something that is asked for a token by many callers at once.
#[async_trait]
pub trait Source: Send + Sync {
    /// Obtains a token, or says that there is none.
    async fn token(&self) -> Result<(), String>;
}

/// Somebody who can be measured.
#[derive(Clone, Copy)]
pub struct Keeper {
    /// The name in the table.
    pub label: &'static str,
    /// How it meets an endpoint.
    pub kind: Kind,
    /// Makes a source whose tokens come from the endpoint. Called within a runtime.
    pub start: fn(&Endpoint) -> Result<Arc<dyn Source>, String>,
}

/// How a source meets an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It asks when it is asked, so that it can be left with a token that ended.
    Lazy,
    /// It asks from the moment it is made, and again before a token ends. It is made when the callers come, because
    /// there is no other moment at which it holds no token.
    Eager,
    /// It never asks: what the callers themselves cost.
    Idle,
}

/// The names of ours.
pub const OURS: [&str; 2] = [ours::SOURCE.label, ours::LAYER.label];

/// The names of what people write by hand, in the same order.
pub const LOCKED: [&str; 2] = [locked::KEEPER.label, locked::REQUEST.label];

/// Everybody, in the order of the table.
pub const ALL: &[Keeper] = &[
    ours::SOURCE,
    ours::LAYER,
    locked::KEEPER,
    locked::REQUEST,
    aws::KEEPER,
    azure::KEEPER,
    google::KEEPER,
    huskarl::KEEPER,
    yup::KEEPER,
    ready::KEEPER,
];
