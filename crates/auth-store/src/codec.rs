//! The text that is stored: one JSON object for each login.
//!
//! ```json
//! {
//!   "format": 1,
//!   "token": {
//!     "access": "made-up",
//!     "headers": [{"name": "authorization", "prefix": "Bearer "}, {"name": "x-brand", "value": "BRAND1"}],
//!     "asked": 1790000000000000000,
//!     "length": 3600000000000,
//!     "scope": "read",
//!     "extras": {"instance": "https://api.example"}
//!   },
//!   "refresh": "made-up too",
//!   "intent": {"begun": 1790000000000000000, "fence": 1024, "sends": 1}
//! }
//! ```
//!
//! `asked` and `begun` are nanoseconds since 1970, `length` is in nanoseconds. A header says `prefix` where its value
//! is that and the access token, so that a large token is stored once. Everything but `format` and `access` may be
//! absent. Members of other names are kept: those of the object by every change, those of `token` for as long as the
//! access token is the same.

mod fault;
mod members;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use self::fault::{NEWER_FORMAT, TOO_LARGE, UNREADABLE};
pub(crate) use self::{
    read::{check, record},
    write::{noted, saved},
};

/// The format that this version writes, and the newest that it reads.
const FORMAT: u64 = 1;

/// The longest text, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// What a save leaves free, so that a note always fits: a login whose exchange cannot be noted could never be renewed.
const NOTE_ROOM: usize = 128;

/// The most headers of one token. Each may stand for the whole access token, so a short text could ask for much.
const MAX_HEADERS: usize = 64;
