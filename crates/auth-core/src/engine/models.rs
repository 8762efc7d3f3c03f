//! Models: the engine under every schedule that matters; see docs/models.md.
//!
//! Each says in its comment which break of the code it was seen to catch.

#[cfg(auth_model = "loom")]
mod drops;
mod flaky;
#[cfg(auth_model = "loom")]
mod flights;
#[cfg(auth_model = "loom")]
mod limits;
#[cfg(auth_model = "loom")]
mod looks;
#[cfg(auth_model = "loom")]
mod refusals;
#[cfg(auth_model = "shuttle")]
mod storm;
#[cfg(auth_model = "loom")]
mod stores;
mod world;
