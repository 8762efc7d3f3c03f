//! Servers that belong to one test run.

mod keyring;
pub(crate) mod postgres;
pub(crate) mod redis;
