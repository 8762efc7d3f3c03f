//! Sending a user to log in and reading what comes back (RFC 6749 §4.1, RFC 7636).

mod callback;
mod pending;
mod request;

pub use callback::{AuthorizationCode, CallbackError, PendingAuthorization};
pub use pending::PendingAuthorizations;
pub use request::AuthorizationRequest;

#[cfg(test)]
mod tests;
