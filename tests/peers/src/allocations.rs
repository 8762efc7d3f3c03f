//! Allocations and bytes for each request, once everything is warm.
//!
//! Counted over many requests and divided by them, so what a task in the background adds shows as a fraction.

use std::alloc::System;

use stats_alloc::{Region, StatsAlloc};

use crate::{
    results::Row,
    subjects::{self, RUNTIME},
};

const REQUESTS: u64 = 10_000;

/// Measures, and returns the rows.
pub fn run(allocator: &StatsAlloc<System>) -> Vec<Row> {
    let (started, mut rows) = subjects::start_all();
    for one in &started {
        let mut lane = (one.lanes)();
        RUNTIME.block_on(lane.drive(100));
        let region = Region::new(allocator);
        RUNTIME.block_on(lane.drive(REQUESTS));
        let seen = region.change();
        // Growing a buffer is asking for memory too.
        let count = each(seen.allocations + seen.reallocations);
        let bytes = each(seen.bytes_allocated);
        let name = one.subject.name;
        rows.push(Row::new(name, "allocations", count, format!("{count:.1}")));
        rows.push(Row::new(name, "bytes", bytes, format!("{bytes:.1}")));
    }
    rows
}

/// Returns how many of `total` fall to each request.
fn each(total: usize) -> f64 {
    total as f64 / REQUESTS as f64
}
