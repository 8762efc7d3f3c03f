//! What a source takes of the memory, of which there may be a million.

use std::{mem::size_of, num::NonZeroUsize, sync::Arc};

use crate::{Event, ExchangeLimit, MemoryStore, StoreKey, observe::Watch};

use super::{Links, Shared};

/// The bar is 512 bytes for each tenant, with the token, its header and its place in the table.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_source_takes_no_more_than_four_lines_of_memory() {
    let counts = 2 * size_of::<usize>();
    let size = size_of::<Shared>() + counts;
    assert!(size <= 4 * 64, "{size} bytes");
}

#[test]
fn a_source_has_a_box_for_links_if_it_was_told_of_any() {
    let none = Links::default;
    let watch = |name: &str| Watch {
        name: name.into(),
        observer: None,
    };
    let observed = Watch {
        observer: Some(Arc::new(|_: &str, _: &Event| {})),
        ..watch("")
    };
    let store = (
        Arc::new(MemoryStore::new()) as _,
        StoreKey::new(["made-up"]),
    );
    let table = [
        (none(), false),
        (
            Links {
                store: Some(store),
                ..none()
            },
            true,
        ),
        (
            Links {
                limit: Some(ExchangeLimit::new(NonZeroUsize::MIN)),
                ..none()
            },
            true,
        ),
        (
            Links {
                watch: watch("made-up"),
                ..none()
            },
            true,
        ),
        (
            Links {
                watch: observed,
                ..none()
            },
            true,
        ),
    ];
    for (row, (links, boxed)) in table.into_iter().enumerate() {
        assert_eq!(links.boxed().is_some(), boxed, "row {row}");
    }
}
