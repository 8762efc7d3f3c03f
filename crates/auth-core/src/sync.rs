//! What tasks and threads share and wait with, for the engine, the limit of exchanges and the store in memory.
//!
//! In a normal build these are re-exports and nothing else. Under `--cfg auth_model="loom"` and
//! `--cfg auth_model="shuttle"` the tests of this crate get replacements, on which a checker tries schedules of the very
//! same engine: all of them up to a number of preemptions, or many at random.
//!
//! # What the models replace
//!
//! * `Mutex` and `atomic` by those of the checker. Loom's atomics may answer with old values, as real ones may.
//! * `ArcSwapOption` by a list of all that was ever stored and an atomic index into it, which is read with `Acquire` and
//!   replaced with `AcqRel`. The real one is no weaker.
//! * Tokio's `watch`, `oneshot`, `Notify` and `Mutex` by small ones on the checker's mutex, with the promises that the engine uses.
//! * Tokio's runtime by a thread of the checker for each task. A task that panics ends alone, and a runtime that is shut
//!   down drops its tasks where they wait, as with Tokio.
//!
//! What is not replaced: `Arc`, because trait objects need the real one; [`Counter`], because numbers from one atomic
//! increment are unique under every schedule and nothing else is drawn from them; `tracing`, which nobody listens to;
//! the random part of pauses, since the clock of a model stands still or leaps further than any pause.

// Numbers that are unique in the process.
pub(crate) use std::sync::atomic::AtomicU64 as Counter;

#[cfg(not(all(test, any(auth_model = "loom", auth_model = "shuttle"))))]
mod real {
    pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

    pub(crate) use arc_swap::ArcSwapOption;
    pub(crate) use tokio::{
        runtime::Handle,
        sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, oneshot, watch},
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
    checker::{Mutex, MutexGuard, atomic},
    model::{
        notify::Notify,
        oneshot,
        runtime::Handle,
        swap::ArcSwapOption,
        turn::{AsyncMutex, OwnedMutexGuard},
        watch,
    },
};
