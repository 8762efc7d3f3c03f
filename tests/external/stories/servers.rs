//! Servers that belong to one test run.

mod keyring;
mod postgres;
mod redis;
