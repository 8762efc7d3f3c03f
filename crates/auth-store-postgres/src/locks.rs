//! The advisory locks of a key.

use auth_core::StoreKey;
use sha2::{Digest, Sha256};

/// What the server answers once a key is locked.
pub(crate) const HELD: &str = "held";

/// Returns the statements that wait for a key, one slice long, and answer [`HELD`] once it is locked.
///
/// A wait that ends without the lock is an error, which would spoil the transaction and fill the log of the server; a
/// block that catches it does neither. The lock alone is not enough: the holder before may have died, or lost the
/// lock, with a write under way. So its lock on writes is waited for too, and given back by undoing the inner block.
pub(crate) fn wait_for((holder, writes): (i64, i64)) -> String {
    format!(
        "DO $wait$ BEGIN \
         PERFORM pg_advisory_xact_lock({holder}); \
         BEGIN PERFORM pg_advisory_xact_lock({writes}); RAISE SQLSTATE 'ZZ000'; \
         EXCEPTION WHEN SQLSTATE 'ZZ000' THEN NULL; END; \
         PERFORM set_config('auth_logins.key', '{HELD}', true); \
         EXCEPTION WHEN lock_not_available THEN NULL; END $wait$; \
         SELECT coalesce(current_setting('auth_logins.key', true), '')"
    )
}

/// Returns the numbers of the advisory locks of a key: of its holder, and of a write of that holder. Where two keys
/// have the same, one waits for the other.
pub(crate) fn lock_numbers(schema: &str, key: &StoreKey) -> (i64, i64) {
    lock_numbers_of(&["auth_logins", schema, key.as_str()])
}

pub(crate) fn lock_numbers_of(parts: &[&str]) -> (i64, i64) {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    let number = |part: &[u8]| {
        part.iter()
            .fold(0, |number, byte| number << 8 | i64::from(*byte))
    };
    (number(&digest[..8]), number(&digest[8..16]))
}
