//! Allocations and bytes for each request.

use std::alloc::System;

use stats_alloc::StatsAlloc;

use crate::results::Row;

/// Measures, and returns the rows.
pub fn run(_allocator: &StatsAlloc<System>) -> Vec<Row> {
    Vec::new()
}
