//! Models: the engine under every schedule tried; see docs/models.md.
//!
//! Where a break of the code was seen to be caught, the comment names it.

#[cfg(auth_model = "loom")]
mod drops;
mod flaky;
#[cfg(auth_model = "loom")]
mod flights;
#[cfg(auth_model = "loom")]
mod last_handle;
#[cfg(auth_model = "loom")]
mod limits;
#[cfg(auth_model = "loom")]
mod looks;
#[cfg(auth_model = "loom")]
mod refusals;
#[cfg(auth_model = "loom")]
mod saves;
#[cfg(auth_model = "loom")]
mod stores;
#[cfg(auth_model = "shuttle")]
mod storm;
mod world;
