#![doc = include_str!("../README.md")]

mod client;
mod config;
mod dialect;
mod login;
mod resource;

pub use client::OrgApi;
pub use config::{ClientAuth, Config, DEFAULT_SERVER, ParamPlacement, RefreshMode};
pub use resource::resource_error;
