#![doc = include_str!("../README.md")]

mod client;
mod config;
mod dialect;
mod login;
mod resource;

pub use client::Octorate;
pub use config::{Config, DEFAULT_REDIRECT_URI};
pub use login::{AdminSource, PropertySource};
pub use resource::{Configuration, List, resource_error};
