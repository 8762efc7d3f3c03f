//! What is refused, and what to do about it.

use std::{io, path::Path};

use auth_core::{Error, ErrorKind};
use rustix::{
    fs::{FileType, Stat},
    io::Errno,
    process::geteuid,
};

/// Refuses what is not of type `wanted`, of this user and closed to everybody else.
pub(super) fn check(stat: &Stat, path: &Path, wanted: FileType, mode: &str) -> Result<(), Error> {
    let problem = if FileType::from_raw_mode(stat.st_mode) != wanted {
        "is something else than what belongs there; move it away".to_owned()
    } else if stat.st_uid != geteuid().as_raw() {
        format!(
            "belongs to another user; run as that user, or `chown {}` it",
            geteuid().as_raw()
        )
    } else if stat.st_mode & 0o077 != 0 {
        format!("is open to other users; close it with `chmod {mode}` and replace its logins")
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Configuration,
        format!("{path:?} {problem}"),
    ))
}

/// Says what failed at `path` and what to do about it. A path is no secret, and the system's texts quote nothing.
pub(super) fn refusal(path: &Path, doing: &str, error: &io::Error) -> Error {
    use ErrorKind::{Configuration, Unavailable};

    let (kind, advice) = match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => {
            (Unavailable, "there is no room left; make room")
        }
        Some(Errno::ROFS) => (Unavailable, "it is read-only; make it writable"),
        Some(Errno::IO) => (Unavailable, "the disk failed; look at the system's log"),
        Some(Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO | Errno::EXIST) => (
            Configuration,
            "something else than what belongs there is in its place, such as a link; move it away",
        ),
        Some(Errno::ACCESS | Errno::PERM) => {
            (Configuration, "this user may not; change owner or mode")
        }
        Some(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) => (
            Configuration,
            "this file system has no locks; use a folder on a local disk, or another store",
        ),
        Some(Errno::NOENT | Errno::NAMETOOLONG) => (
            Configuration,
            "the folder is gone or cannot be; open another",
        ),
        _ => (Unavailable, "try again"),
    };
    // The number is enough to find the system's own words for it.
    let source = io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(5));
    Error::new(kind, format!("could not {doing} at {path:?}: {advice}")).with_source(source)
}
