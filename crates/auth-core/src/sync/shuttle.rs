//! Shuttle tries many schedules of many tasks at random.

pub(crate) use shuttle::{
    future::block_on,
    sync::{Mutex, MutexGuard, atomic},
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
    // Seen with `--nocapture`.
    eprintln!("{schedules} schedules");
}

/// Starts the thread of a task.
pub(super) fn start(task: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(task)
}
