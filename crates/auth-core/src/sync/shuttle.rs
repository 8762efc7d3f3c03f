//! Shuttle tries many schedules of many tasks at random.

pub(crate) use shuttle::{
    future::block_on,
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};

use super::model::runtime;

/// Checks `model` under so many random schedules, or as many as `AUTH_MODEL_SCHEDULES` says.
pub(crate) fn check(schedules: usize, model: impl Fn() + Send + Sync + 'static) {
    let asked = std::env::var("AUTH_MODEL_SCHEDULES").ok();
    let schedules = asked.map_or(schedules, |asked| asked.parse().expect("a number"));
    shuttle::check_random(
        move || {
            runtime::enter();
            model();
            runtime::join();
        },
        schedules,
    );
    // Seen with `--show-output`.
    eprintln!("{schedules} schedules");
}
