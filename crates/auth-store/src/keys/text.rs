//! Lists of keys as text.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

use auth_core::{Error, Secret};
use zeroize::Zeroizing;

use super::{Keys, bad_key};

/// The largest key file: hundreds of keys.
const LARGEST: usize = 64 * 1024;

/// Reads lines of the form `id:key`; `place` names where they stand.
pub(super) fn parse<'a>(place: &str, lines: impl Iterator<Item = &'a str>) -> Result<Keys, Error> {
    let mut keys: Option<Keys> = None;
    for (number, line) in lines.map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |message: &str| bad_key(format!("line {} of {place}: {message}", number + 1));
        let Some((id, key)) = line.split_once(':') else {
            return Err(at("a key is written as id:key"));
        };
        let (id, key) = (id.trim_end(), Secret::from(key));
        let more = match keys {
            None => Keys::new(id, key),
            Some(keys) => keys.also_reads(id, key),
        };
        keys = Some(more.map_err(|error| at("this key cannot be used").with_source(error))?);
    }
    keys.ok_or_else(|| {
        bad_key(format!(
            "{place} holds no key; write one line of the form id:key"
        ))
    })
}

/// Reads a key file.
pub(super) fn from_file(path: &Path) -> Result<Keys, Error> {
    let place = format!("the key file {}", path.display());
    let list = read(path, &place)?;
    let list = std::str::from_utf8(&list);
    parse(
        &place,
        list.map_err(|_| bad_key(format!("{place} is not text")))?
            .lines(),
    )
}

fn read(path: &Path, place: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |error: io::Error| bad_key(format!("{place} cannot be read: {}", error.kind()));
    // Opening a pipe would wait for somebody to write, so the name is looked at first; what counts is the file opened.
    check(&path.metadata().map_err(failed)?, place)?;
    let file = File::open(path).map_err(failed)?;
    check(&file.metadata().map_err(failed)?, place)?;
    // With room for all of it from the start, no copy is left behind.
    let mut list = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut list).map_err(failed)?;
    if list.len() == LARGEST {
        return Err(bad_key(format!("{place} is too large for a list of keys")));
    }
    Ok(list)
}

fn check(metadata: &Metadata, place: &str) -> Result<(), Error> {
    if !metadata.is_file() {
        return Err(bad_key(format!("{place} is not a file")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(bad_key(format!(
                "{place} is open to others than its owner; run chmod 600 on it, and change the key if others may have \
                 read it"
            )));
        }
    }
    Ok(())
}
