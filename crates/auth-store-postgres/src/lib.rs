#![doc = include_str!("../README.md")]

mod config;
mod error;
mod locks;
mod pool;
mod schema;
mod slot;
mod store;

pub use sqlx::postgres::PgConnectOptions;

pub use self::{config::PostgresConfig, slot::PostgresSlot, store::PostgresStore};
