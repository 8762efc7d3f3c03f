//! One attempt at a lock.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    time::UNIX_EPOCH,
};

use auth_core::{Clock, Error};
use rustix::io::Errno;

use crate::{Numbers, crash};

use super::PrivateFolder;

/// How a file is locked. Tests put in its place a file system that has no locks, which cannot be had otherwise.
pub(super) type TryLock = fn(&File) -> Result<(), TryLockError>;

/// How many digits a number is written with, so that a longer one never shows through behind a shorter one.
const DIGITS: usize = 20;

/// The blocks of higher numbers are not their own any more.
const HIGHEST: u64 = 1 << 53;

/// Takes the lock and a number for it, unless somebody holds the lock.
pub(super) fn attempt(
    folder: &PrivateFolder,
    name: &str,
    clock: &dyn Clock,
    try_lock: TryLock,
) -> Result<Option<(File, Numbers)>, Error> {
    let file = folder.open_or_create(name)?;
    crash::point("lock:opened");
    match try_lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
            return Ok(None);
        }
        Err(TryLockError::Error(error)) => return Err(folder.failure("lock a file", &error)),
    }
    crash::point("lock:held");
    if !folder.is_still(name, &file)? {
        // Somebody deleted the file meanwhile, and the next one would lock another.
        return Ok(None);
    }
    let last = last(&file).map_err(|error| folder.failure("read a lock file", &error))?;
    let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = u64::try_from(since.as_micros()).unwrap_or(0).min(HIGHEST);
    let number = last.map_or(time, |last| time.max(last + 1));
    keep(folder, &file, number)?;
    crash::point("lock:numbered");
    Ok(Some((file, Numbers::block(number))))
}

/// Notes the number in the lock file.
///
/// It need not be on the disk: where the machine loses power, no holder of a lower number is left, and the time of day
/// gives a higher one.
pub(super) fn keep(folder: &PrivateFolder, file: &File, number: u64) -> Result<(), Error> {
    let text = format!("{number:0DIGITS$}\n");
    // In one piece, so that a process that is killed leaves the old number or the new one.
    match file.write_at(text.as_bytes(), 0) {
        Ok(written) if written == text.len() => Ok(()),
        Ok(_) => Err(folder.failure("write a lock file", &Errno::NOSPC.into())),
        Err(error) => Err(folder.failure("write a lock file", &error)),
    }
}

/// Returns the number in the file, if there is one.
fn last(file: &File) -> io::Result<Option<u64>> {
    if file.metadata()?.size() != DIGITS as u64 + 1 {
        return Ok(None);
    }
    let mut text = [0; DIGITS + 1];
    file.read_exact_at(&mut text, 0)?;
    let number = std::str::from_utf8(&text).ok();
    let number = number.and_then(|text| text.strip_suffix('\n'));
    Ok(number
        .filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|number| *number < HIGHEST))
}
