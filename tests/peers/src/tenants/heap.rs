//! What each tenant takes of the heap.
//!
//! Counted, not sampled: the difference between what is allocated with the full table and without it, divided by the
//! number of tenants. "Our own" leaves out what anybody would have to keep: the text of the token, the value of its
//! header, and what the key itself has on the heap.

use std::{alloc::System, time::Instant};

use stats_alloc::StatsAlloc;

use crate::{pace::Pace, results::Row, subjects::RUNTIME};

use super::{
    key::{Key, Name, Number, token},
    largest, maps, ours,
    table::header,
};

/// Our line.
pub const OURS: &str = "ours, `Tenants`";

/// What the name of a column of our own bytes ends with.
pub const OWN: &str = ", own";

type Allocator = &'static StatsAlloc<System>;

/// Returns a column, whose name ends with `what`.
pub fn column(size: usize, kind: &str, what: &str) -> String {
    format!("heap for each of {size}: {kind} key{what}")
}

/// Measures with the allocator of the whole program, and returns the rows of the table.
pub fn run(allocator: Allocator, pace: Pace) -> Vec<Row> {
    let size = largest(pace);
    let mut rows = Vec::new();
    measure::<Number>(allocator, size, &mut rows);
    measure::<Name>(allocator, size, &mut rows);
    rows
}

fn measure<K: Key>(allocator: Allocator, size: usize, rows: &mut Vec<Row>) {
    // The runtime and what the process makes once are not the tenants'.
    RUNTIME.block_on(async {});
    drop(ours::fill::<K>(1));
    let column = |what: &str| column(size, K::KIND, what);
    let mut told = |label: &str, bytes: f64| {
        let own = bytes - texts::<K>() as f64;
        let all = format!("{bytes:.0} B");
        rows.push(Row::new(label, &column(""), bytes, all));
        rows.push(Row::new(label, &column(OWN), own, format!("{own:.0} B")));
    };
    let bytes = each(OURS, allocator, size, ours::fill::<K>);
    told(OURS, bytes);
    for (name, fill) in maps::all::<K>() {
        let bytes = each(name, allocator, size, |size| maps::looked(fill, size));
        told(name, bytes);
    }
}

/// Returns how many bytes a tenant takes in what `fill` returns.
fn each<T>(label: &str, allocator: Allocator, size: usize, fill: impl FnOnce(usize) -> T) -> f64 {
    let before = live(allocator);
    let start = Instant::now();
    let table = fill(size);
    let seconds = start.elapsed().as_secs_f64();
    let after = live(allocator);
    drop(table);
    // A million takes a while: whoever waits sees that it goes on.
    eprintln!("{label}: filled in {seconds:.1} s");
    (after - before) as f64 / size as f64
}

fn live(allocator: Allocator) -> i64 {
    let stats = allocator.stats();
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// Returns how many bytes a tenant's texts have.
fn texts<K: Key>() -> usize {
    token(0).len() + header(0).len() + K::nth(0).heap()
}
