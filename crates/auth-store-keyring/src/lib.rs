#![doc = include_str!("../README.md")]

mod entries;
mod failure;
mod index;
mod link;
mod manifest;
mod place;
mod record;
mod slot;
mod store;

#[cfg(test)]
mod tests;

pub use self::{
    failure::{ABSENT, AMBIGUOUS, DENIED, LOCKED, TOO_SMALL},
    slot::KeyringSlot,
    store::KeyringStore,
};
