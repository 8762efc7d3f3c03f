//! Counts allocations. A program of its own, so that the counting slows no other measurement.

use std::{alloc::System, process::ExitCode};

use peers::{allocations, crypto, pace::Pace, results};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    crypto::install();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows = allocations::run(ALLOCATOR);
    for row in &rows {
        println!("{:<40} {:<32} {}", row.subject, row.column, row.text);
    }
    match results::save("allocations", Pace::of(&arguments), &rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
