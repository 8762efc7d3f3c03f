#![doc = include_str!("../../README.md")]

pub mod emulated;

#[doc = include_str!("../../docs/adding-a-provider.md")]
pub mod adding_a_provider {}

#[doc = include_str!("../../docs/octorate.md")]
pub mod octorate {}

#[doc = include_str!("../../docs/orgapi.md")]
pub mod orgapi {}

#[doc = include_str!("../../docs/rator.md")]
pub mod rator {}
