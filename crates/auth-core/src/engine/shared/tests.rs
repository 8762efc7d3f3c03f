//! What a source takes of the memory, of which there may be a million.

use std::{
    mem::{offset_of, size_of},
    num::NonZeroUsize,
    sync::Arc,
};

use crate::{Event, ExchangeLimit, MemoryStore, StoreKey, observe::Watch};

use super::{Links, RwLock, Shared, State};

/// The bar is 512 bytes for each tenant, with the token, its header and its place in the table.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_source_takes_no_more_than_four_lines_of_memory() {
    let counts = 2 * size_of::<usize>();
    let size = size_of::<Shared>() + counts;
    assert!(size <= 4 * 64, "{size} bytes");
}

/// A look at a source that is in no cache waits for each of its lines in turn.
#[cfg(target_pointer_width = "64")]
#[test]
fn what_a_look_reads_stands_together() {
    let counts = 2 * size_of::<usize>();
    let lock = size_of::<RwLock<State>>() - size_of::<State>();
    let until = offset_of!(Shared, state) + lock + offset_of!(State, until);
    for offset in [
        offset_of!(Shared, origins),
        offset_of!(Shared, clock),
        offset_of!(Shared, version),
        until,
    ] {
        let end = counts + offset + 2 * size_of::<u64>();
        assert!(end <= 96, "{end} bytes");
    }
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
