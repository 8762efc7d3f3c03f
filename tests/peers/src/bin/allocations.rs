//! Counts allocations. A program of its own, so that the counting slows no other measurement.

use std::{alloc::System, process::ExitCode};

use peers::{allocations, crypto, results};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    crypto::install();
    let rows = allocations::run(ALLOCATOR);
    for row in &rows {
        println!("{:<40} {:<32} {}", row.subject, row.column, row.text);
    }
    match results::save("allocations", &rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
