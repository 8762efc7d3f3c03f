#![doc = include_str!("../README.md")]

mod client;
mod config;
mod dialect;
mod login;
mod resource;

pub use client::Rator;
pub use config::{BrandKey, ClientAuth, Config, RatorPreset, RefreshMode};
pub use resource::{BRAND_HEADER, hint};
