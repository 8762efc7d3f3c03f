//! The grants of RFC 6749.

mod client_credentials;
mod code;
mod or_else;
mod refresh;
mod watch;

pub use client_credentials::ClientCredentials;
pub use code::AuthorizationCodeGrant;
pub use or_else::{OnRefusedClient, OnUnknown, OrElse, RefreshWhen};
pub use refresh::RefreshToken;
pub use watch::ClientWatch;

#[cfg(test)]
mod tests;
