#![doc = include_str!("../README.md")]

mod config;
mod link;
mod probe;
mod reason;
mod scripts;
mod slot;
mod store;

pub use config::RedisBuilder;
pub use probe::WEAK_DURABILITY;
pub use slot::RedisSlot;
pub use store::RedisStore;
