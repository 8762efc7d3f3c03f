//! Instructions for each request.

use crate::{pace::Pace, results::Row};

/// Measures, and returns the rows.
pub fn run(_pace: Pace) -> Vec<Row> {
    Vec::new()
}
