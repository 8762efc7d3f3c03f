//! The engine: what turns a [`Grant`](crate::Grant) into a [`TokenSource`](crate::TokenSource).
//!
//! A pure function decides ([`decide`]), a state behind a short lock remembers ([`state`], in [`shared`]), a task that
//! belongs to no caller acts ([`flight`], [`transaction`], [`saving`]).

mod cached;
mod decide;
mod flight;
mod intent;
#[cfg(all(test, any(auth_model = "loom", auth_model = "shuttle")))]
mod models;
mod pause;
mod place;
mod saving;
mod shared;
mod state;
mod transaction;
mod windows;

pub use self::cached::{Cached, CachedBuilder};
