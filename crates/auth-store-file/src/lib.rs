#![doc = include_str!("../README.md")]
#![cfg(unix)]

mod entry;
mod place;
mod slot;
mod store;

pub use slot::FileSlot;
pub use store::FileStore;

#[cfg(test)]
mod tests;
