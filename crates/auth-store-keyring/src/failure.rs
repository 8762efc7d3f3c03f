//! What a keyring refuses, in our words: its own may name entries or quote what is in them.

use std::{error, io, iter};

use auth_core::{Error, ErrorKind};
use auth_store::{NEWER_FORMAT, UNREADABLE};
use keyring_core::Error as Foreign;

/// The code of the error that says that this session has no keyring.
pub const ABSENT: &str = "keyring_absent";

/// The code of the error that says that the keyring is locked.
pub const LOCKED: &str = "keyring_locked";

/// The code of the error that says that this program may not use the keyring.
pub const DENIED: &str = "keyring_denied";

/// The code of the error that says that an entry of the keyring holds less than a part of a login.
pub const TOO_SMALL: &str = "keyring_too_small";

/// The code of the error that says that the keyring has several entries of one name.
pub const AMBIGUOUS: &str = "keyring_ambiguous";

/// What the causes of the known keyrings call a refusal by the system or the user; macOS has numbers for it.
const DENIALS: [&str; 3] = ["AccessDenied", "code: -128", "code: -25293"];

/// What they call a keyring that is locked while nobody can be asked, where they do not say so by the kind of error.
const LOCKS: [&str; 2] = ["IsLocked", "code: -25308"];

/// Returns the error for a keyring that could not be opened.
#[cfg_attr(
    not(feature = "native"),
    expect(dead_code, reason = "nothing is opened")
)]
pub(crate) fn at_opening(error: &Foreign) -> Error {
    let known = failure(error);
    match known.code() {
        Some(LOCKED | DENIED) => known,
        _ => absent(),
    }
}

/// Returns the error for a call that failed.
pub(crate) fn failure(error: &Foreign) -> Error {
    use ErrorKind::{Configuration, Unavailable};
    match error {
        Foreign::NoStorageAccess(cause) | Foreign::PlatformFailure(cause) if denied(&**cause) => {
            Error::new(
                Configuration,
                "the keyring does not let this program in; allow it in the keyring's own settings",
            )
            .with_code(DENIED)
        }
        Foreign::NoStorageAccess(_) => locked(),
        Foreign::PlatformFailure(cause) if says(&**cause, &LOCKS) => locked(),
        Foreign::PlatformFailure(_) => {
            Error::new(Unavailable, "the keyring did not carry out a call; try again later")
        }
        Foreign::TooLong(_, limit) => too_small(*limit),
        Foreign::Ambiguous(_) => Error::new(
            Configuration,
            "the keyring has several entries of one name; remove all of them but one with the keyring's own program",
        )
        .with_code(AMBIGUOUS),
        Foreign::BadEncoding(_) | Foreign::BadDataFormat(..) | Foreign::BadStoreFormat(_) => damaged(),
        Foreign::NoDefaultStore => absent(),
        // With an entry the keyring agreed to make, this is about its contents.
        Foreign::Invalid(..) => Error::new(
            Configuration,
            "the keyring refuses the entries of this store; another service name or smaller parts may help",
        ),
        _ => Error::new(Configuration, "this keyring cannot do what a store of logins needs"),
    }
}

pub(crate) fn absent() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "this session has no keyring; on Linux install gnome-keyring or KWallet and start the program within a D-Bus \
         session, or keep logins in an encrypted file with auth-store-file",
    )
    .with_code(ABSENT)
}

/// Returns the error for entries that do not fit together, so that no login can be read from them.
pub(crate) fn damaged() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "entries of this login are missing or were changed by another program; remove them with the keyring's own \
         program and log in again",
    )
    .with_code(UNREADABLE)
}

pub(crate) fn newer() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "this login was stored by a newer version of auth-store-keyring; update this program",
    )
    .with_code(NEWER_FORMAT)
}

/// Returns whether an error is about what stands in an entry, not about the keyring.
pub(crate) fn is_foreign(error: &Error) -> bool {
    matches!(error.code(), Some(NEWER_FORMAT | UNREADABLE))
}

fn locked() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the keyring is locked; unlock it, which logging in to the desktop usually does",
    )
    .with_code(LOCKED)
}

fn too_small(limit: u32) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("an entry of this keyring holds at most {limit} bytes; tell the store so with KeyringStore::chunk"),
    )
    .with_code(TOO_SMALL)
}

fn denied(cause: &(dyn error::Error + 'static)) -> bool {
    let by_system = iter::successors(Some(cause), |cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::PermissionDenied);
    by_system || says(cause, &DENIALS)
}

/// Searches the names of a cause. They are read only: to match its type would tie this crate to one keyring's version.
fn says(cause: &(dyn error::Error + 'static), names: &[&str]) -> bool {
    let cause = format!("{cause:?}");
    names.iter().any(|name| cause.contains(name))
}
