#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    expect(
        clippy::field_reassign_with_default,
        reason = "the tests make dialects in the way that other crates have to"
    )
)]

mod authorize;
mod client;
mod client_auth;
mod dialect;
mod endpoint;
mod expires;
mod grant;
mod json;
pub mod legacy;
mod reply;
mod request;
#[cfg(test)]
mod scripted;

pub use authorize::{
    AuthorizationCode, AuthorizationRequest, CallbackError, PendingAuthorization,
    PendingAuthorizations,
};
pub use client::TokenClient;
pub use client_auth::{Basic, FormBody, HeaderSecret, PublicClient, QueryInsecure};
pub use dialect::{
    Constant, Dialect, Expiry, GrantType, GrantTypes, MissingRefresh, Placement, Refusal, Step,
};
pub use endpoint::Endpoint;
pub use expires::retry_after;
pub use grant::{
    AuthorizationCodeGrant, ClientCredentials, ClientWatch, OnRefusedClient, OnUnknown, OrElse,
    RefreshToken, RefreshWhen,
};
pub use reply::{Asked, TokenReply, decode, resource_refusal};
pub use request::{GrantRequest, encode};
