//! What a source takes of the memory, of which there may be a million.

use std::mem::size_of;

use super::Shared;

/// The bar is 512 bytes for each tenant, with the token, its header and its place in the table.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_source_takes_no_more_than_four_lines_of_memory() {
    let counts = 2 * size_of::<usize>();
    let size = size_of::<Shared>() + counts;
    assert!(size <= 4 * 64, "{size} bytes");
}
