//! What tasks and threads share and wait with, for the engine, the limit of exchanges and the store in memory.
//!
//! In a normal build these are re-exports, but for `once`, which the models check as it is. Under
//! `--cfg auth_model="loom"` and `--cfg auth_model="shuttle"` the tests of this crate get replacements, on which a checker
//! tries schedules of the very same engine. docs/models.md says what they are and what they leave out.

pub(crate) mod once;

// Numbers that are unique in the process; no checker needs to see them.
pub(crate) use std::sync::atomic::AtomicU64 as Counter;

#[cfg(not(all(test, any(auth_model = "loom", auth_model = "shuttle"))))]
mod real {
    pub(crate) use std::sync::{
        Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
    };

    pub(crate) use tokio::{
        runtime::Handle,
        sync::{Mutex as AsyncMutex, OwnedMutexGuard, oneshot},
    };
}

#[cfg(not(all(test, any(auth_model = "loom", auth_model = "shuttle"))))]
pub(crate) use self::real::*;

#[cfg(all(test, auth_model = "loom"))]
#[path = "sync/loom.rs"]
pub(crate) mod checker;

#[cfg(all(test, auth_model = "shuttle"))]
#[path = "sync/shuttle.rs"]
pub(crate) mod checker;

#[cfg(all(test, any(auth_model = "loom", auth_model = "shuttle")))]
pub(crate) mod model;

#[cfg(all(test, any(auth_model = "loom", auth_model = "shuttle")))]
pub(crate) use self::{
    checker::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    model::{
        OnceLock, oneshot,
        runtime::Handle,
        turn::{AsyncMutex, OwnedMutexGuard},
    },
};
