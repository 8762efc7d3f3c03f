//! Contract suites: what every implementation of a seam must do, as functions to call from a test.
//!
//! Each suite runs its clauses in order and panics at the first one that is broken, with the name of the suite and
//! of the clause. Call it from a test of the implementation, on either flavour of the runtime, with time and I/O
//! enabled and the runtime's own clock running.
//!
//! | seam | suite |
//! | --- | --- |
//! | [`TokenSource`](auth_core::TokenSource) | [`token_source()`] |
//! | [`Grant`](auth_core::Grant) | [`grant()`] |
//! | [`Credentials`](auth_core::Credentials) | [`credentials()`] |
//! | [`Transport`](auth_core::Transport) | [`transport()`] |
//! | [`TokenStore`](auth_core::TokenStore) and [`Lease`](auth_core::Lease) | [`token_store()`] |
//!
//! # Example
//!
//! ```
//! use auth_core::MemoryStore;
//! use auth_testkit::contract::{self, StoreFixture};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = MemoryStore::new();
//! contract::token_store(&StoreFixture::new(store.clone(), store)).await;
//! # }
//! ```

mod clause;
mod credentials;
mod grant;
mod secrecy;
mod source;
mod store;
mod transport;

pub use self::{
    credentials::{CredentialsFixture, credentials},
    grant::{GrantFixture, Issued, grant},
    source::token_source,
    store::{StoreFixture, token_store},
    transport::{TransportFixture, transport},
};

#[cfg(test)]
mod tests;
