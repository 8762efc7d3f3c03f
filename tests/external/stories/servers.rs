//! Servers that belong to one test run.

pub(crate) mod keyring;
pub(crate) mod postgres;
pub(crate) mod redis;
