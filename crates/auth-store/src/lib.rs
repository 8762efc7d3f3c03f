#![doc = include_str!("../README.md")]

mod backend;
mod codec;
mod copy;
#[doc(hidden)]
pub mod crash;
mod durable;
mod keys;
#[cfg(unix)]
mod lock_folder;
mod race;
mod sealed;
mod turns;

pub use backend::{Backend, Numbers, Slot, Value};
pub use codec::{NEWER_FORMAT, TOO_LARGE, UNREADABLE};
pub use copy::{Copied, OnExisting, copy_all, move_all};
pub use durable::Durable;
pub use keys::{BAD_KEY, DataKey, KeyMaterial, KeySource, Keys};
#[cfg(unix)]
pub use lock_folder::{KeyLock, LockFolder, PrivateFolder};
pub use race::{until, within};
pub use sealed::{NOT_SEALED, Resealed, Sealed, WRONG_KEY};
pub use turns::{Turn, Turns};
