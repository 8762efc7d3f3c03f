#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!("locks and private files are those of Unix; this store works there only");

mod connection;
mod error;
mod place;
mod schema;
mod slot;
mod store;

pub use slot::SqliteSlot;
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
