#![doc = include_str!("../README.md")]

mod backend;
mod codec;
#[doc(hidden)]
pub mod crash;
mod durable;
#[cfg(unix)]
mod lock_folder;

pub use backend::{Backend, Numbers, Slot, Value};
pub use codec::{NEWER_FORMAT, TOO_LARGE, UNREADABLE};
pub use durable::Durable;
#[cfg(unix)]
pub use lock_folder::{KeyLock, LockFolder, PrivateFolder};
