#![doc = include_str!("../README.md")]

mod backend;
#[doc(hidden)]
pub mod crash;
#[cfg(unix)]
mod lock_folder;

pub use backend::{Backend, Numbers, Slot, Value};
#[cfg(unix)]
pub use lock_folder::{KeyLock, LockFolder, PrivateFolder};
