//! Why a text cannot be read or written.

use auth_core::{Error, ErrorKind};

use super::{FORMAT, MAX_HEADERS, MAX_TEXT};

/// The code of the error that says that a record is of a format of later versions of this library.
///
/// Such a record is not overwritten: run the later version, or [`discard`](crate::Durable::discard) the record.
pub const NEWER_FORMAT: &str = "store_newer_format";

/// The code of the error that says that the text under a key is no record.
///
/// It was torn, or somebody else wrote it. Other keys are not affected; [`discard`](crate::Durable::discard) makes room
/// for a new login.
pub const UNREADABLE: &str = "store_unreadable";

/// The code of the error that says that a login is too large to be stored. Nothing was changed.
pub const TOO_LARGE: &str = "store_too_large";

/// What is wrong with a text. It never says what stands there: that may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unreadable,
    Newer,
    TooLarge,
}

/// The reader's own words may quote a secret, so that only the fact is kept.
impl From<serde_json::Error> for Fault {
    fn from(_: serde_json::Error) -> Self {
        Self::Unreadable
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreadable => Self::new(
                ErrorKind::Protocol,
                "what is stored for this login is not a record; restore it from a copy, or remove it and log in again",
            )
            .with_code(UNREADABLE),
            Fault::Newer => Self::new(
                ErrorKind::Configuration,
                format!(
                    "the stored login is of a format newer than {FORMAT} and stays as it is; update this program"
                ),
            )
            .with_code(NEWER_FORMAT),
            Fault::TooLarge => Self::new(
                ErrorKind::Protocol,
                format!(
                    "the login takes more than {} KiB or {MAX_HEADERS} headers and was not stored; ask for a smaller token",
                    MAX_TEXT / 1024,
                ),
            )
            .with_code(TOO_LARGE),
        }
    }
}
