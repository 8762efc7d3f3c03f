//! Counts what tenants take of the heap. A program of its own, so that the counting slows no other measurement.

use std::{alloc::System, process::ExitCode};

use peers::{pace::Pace, results, tenants::heap};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pace = Pace::of(&arguments);
    let rows = heap::run(ALLOCATOR, pace);
    for row in &rows {
        println!("{:<40} {:<40} {}", row.subject, row.column, row.text);
    }
    match results::save("heap", pace, &rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
