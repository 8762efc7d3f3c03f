#![doc = include_str!("../README.md")]

mod clock;
mod credentials;
mod engine;
mod error;
mod expiry;
#[cfg(test)]
mod extremes;
mod grant;
mod limit;
mod observe;
mod origin;
mod policy;
#[cfg(test)]
mod seams;
mod secret;
mod source;
pub mod store;
mod sync;
mod tenants;
mod token;
mod transport;

pub use clock::{Clock, Now, Sleep, SystemClock, Ticks};
pub use credentials::{Credentials, Parameter, TokenRequest};
pub use engine::{Cached, CachedBuilder};
pub use error::{Error, ErrorKind, Sent};
pub use expiry::{Lifetime, MAX_LIFETIME, Moment};
pub use grant::{Exchange, Grant};
pub use limit::{ExchangeLimit, LIMIT_TIMEOUT};
pub use observe::{Event, Observer, State, Status};
pub use origin::{Origin, Origins};
pub use policy::{Margin, OnRefusedLogin, OnStoreFailure, Policy};
pub use secret::Secret;
pub use source::{Held, Peek, TokenSource};
pub use store::{Intent, Lease, MemoryStore, Record, StoreKey, TokenStore};
pub use tenants::Tenants;
pub use token::{Token, TokenSet};
pub use transport::{MAX_BODY, Transport, send_with};
