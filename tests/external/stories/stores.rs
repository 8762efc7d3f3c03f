//! Each store against the real thing: contract, faults, secrets, cancellation.

mod file;
mod keyring;
mod postgres;
mod redis;
mod sqlite;
