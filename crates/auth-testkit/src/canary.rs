//! Made-up secrets, each of which exists once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns a text that no other call in this process returns. It begins with `canary-` and `label`.
pub(crate) fn canary(label: &str) -> String {
    format!("canary-{label}-{:016x}", unique())
}

/// Returns a unique text of `length` URL-safe characters, of which there are at least 22.
pub(crate) fn opaque(length: usize) -> String {
    let mut text = format!("canary{:016x}", unique());
    while text.len() < length {
        text.push('Z');
    }
    text
}

/// Returns a unique text in the form of a random UUID (RFC 9562 §5.4).
pub(crate) fn uuid() -> String {
    let (high, low) = (unique(), unique());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff,
    )
}

/// Returns a number that no other call returns and that does not look like its neighbours.
fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut mixed = NEXT
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The mixing of SplitMix64 maps no two numbers to one.
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
