//! Places at which the tests of this workspace kill a process: no part of the interface, and empty without the feature
//! `crash-points`.
//!
//! `AUTH_STORE_CRASH_AT` names a place, `file:synced` say, or `file:synced#3` for the third time it is passed.

/// All places, each before the step that follows it. The part before the colon names the store.
pub const POINTS: &[&str] = &[
    "lock:opened",
    "lock:held",
    "lock:numbered",
    "lock:releasing",
    "file:read",
    "file:compared",
    "file:created",
    "file:half-written",
    "file:written",
    "file:synced",
    "file:renamed",
    "file:folder-synced",
    "file:erased",
    "sqlite:opened",
    "sqlite:prepared",
    "sqlite:locked",
    "sqlite:writing",
    "sqlite:written",
    "sqlite:erasing",
    "sqlite:erased",
    "postgres:held",
    "postgres:numbered",
    "postgres:checked",
    "postgres:begun",
    "postgres:written",
    "postgres:committed",
    "postgres:releasing",
    "redis:locked",
    "redis:writing",
    "redis:written",
    "redis:erasing",
    "redis:erased",
    "redis:releasing",
    "redis:released",
    "keyring:compared",
    "keyring:listed",
    "keyring:swept",
    "keyring:part-written",
    "keyring:replaced",
    "keyring:part-removed",
    "keyring:emptied",
    "keyring:erased",
];

/// Ends the process here, where the tests ask for it.
#[cfg(not(all(feature = "crash-points", unix)))]
#[inline]
pub fn point(_name: &'static str) {}

/// Ends the process here, where the tests ask for it.
#[cfg(all(feature = "crash-points", unix))]
pub fn point(name: &'static str) {
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    static PASSED: AtomicU64 = AtomicU64::new(0);

    let Ok(wanted) = std::env::var("AUTH_STORE_CRASH_AT") else {
        return;
    };
    let (place, time) = wanted.split_once('#').unwrap_or((&wanted, "1"));
    let passed = || PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if place == name && time.parse() == Ok(passed()) {
        // Nothing can be done about a signal that cannot be sent, but going on would hide it.
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }
}
