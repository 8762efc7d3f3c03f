//! The files in the folder: what they are called, and how they are read, written and removed.

use std::io;

use auth_core::{Error, ErrorKind, StoreKey, store::conflict};
use auth_store::{NEWER_FORMAT, PrivateFolder, TOO_LARGE, UNREADABLE, Value, crash};

use crate::entry::{self, Fault, MAX_KEY, MAX_TEXT};

const LOGIN: &str = ".login";
const TEMPORARY: &str = ".temp";

/// Returns the name of the file of `key` while it is written. The lock makes sure that there is one writer.
pub(crate) fn temporary(key: &StoreKey) -> String {
    PrivateFolder::name_of(key) + TEMPORARY
}

fn login(key: &StoreKey) -> String {
    PrivateFolder::name_of(key) + LOGIN
}

/// Reads the value of `key`.
pub(crate) fn read(folder: &PrivateFolder, key: &StoreKey) -> Result<Option<Value>, Fault> {
    let file = folder.open_file(&login(key)).map_err(Fault::Refused)?;
    let value = file.map(|mut file| entry::read(&mut file, key)).transpose();
    crash::point("file:read");
    value
}

/// Reads the value of `key`, whose lock is held. A damaged file is put aside under a name with `number` in it.
pub(crate) fn read_locked(
    folder: &PrivateFolder,
    key: &StoreKey,
    number: u64,
) -> Result<Option<Value>, Error> {
    let fault = match read(folder, key) {
        Ok(value) => return Ok(value),
        Err(fault) => fault,
    };
    if !matches!(fault, Fault::Damaged) {
        return Err(error(folder, &fault));
    }
    let aside = format!("{}.corrupt-{number}", PrivateFolder::name_of(key));
    folder.rename(&login(key), &aside)?;
    folder.sync()?;
    let path = folder.path().join(aside);
    Err(unreadable(format!(
        "the stored login was damaged and is now at {path:?}; restore it, or log in again"
    )))
}

/// Writes `value` over the one of version `expected`, so that a reader finds the one or the other at any moment.
pub(crate) fn write(
    folder: &PrivateFolder,
    key: &StoreKey,
    number: u64,
    expected: Option<u64>,
    value: &Value,
) -> Result<(), Error> {
    if key.as_str().len() > MAX_KEY || value.body.expose().len() > MAX_TEXT {
        return Err(Error::new(
            ErrorKind::Protocol,
            "the login is too large to be stored; ask for a smaller token",
        )
        .with_code(TOO_LARGE));
    }
    compare(folder, key, number, expected)?;
    let temporary = temporary(key);
    let written = prepare(folder, &temporary, key, value)
        .and_then(|()| folder.rename(&temporary, &login(key)));
    if let Err(error) = written {
        // One that cannot be removed either is removed by the next holder of the lock.
        let _ = folder.remove(&temporary);
        return Err(error);
    }
    crash::point("file:renamed");
    folder.sync()?;
    crash::point("file:folder-synced");
    Ok(())
}

/// Removes the value of version `expected`.
pub(crate) fn erase(
    folder: &PrivateFolder,
    key: &StoreKey,
    number: u64,
    expected: u64,
) -> Result<(), Error> {
    compare(folder, key, number, Some(expected))?;
    folder.remove(&login(key))?;
    crash::point("file:erased");
    folder.sync()
}

/// Removes the file of `key`, whatever is in it, and returns whether there was one.
pub(crate) fn discard(folder: &PrivateFolder, key: &StoreKey) -> Result<bool, Error> {
    let found = folder.remove(&login(key))?;
    crash::point("file:erased");
    folder.sync()?;
    Ok(found)
}

/// Returns the keys of all files. Files that do not say it, or that may not be opened, stand in nobody's way.
pub(crate) fn keys(folder: &PrivateFolder) -> Result<Vec<StoreKey>, Error> {
    let mut keys = Vec::new();
    for name in folder.names()? {
        if name.ends_with(LOGIN)
            && let Ok(Some(mut file)) = folder.open_file(&name)
            && let Ok(key) = entry::read_key(&mut file)
            && login(&key) == name
        {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Removes what processes that died left half-written. What cannot be removed now is removed by the next holder of its
/// lock.
pub(crate) fn sweep(folder: &PrivateFolder) {
    for name in folder.names().unwrap_or_default() {
        let Some(stem) = name.strip_suffix(TEMPORARY) else {
            continue;
        };
        // Anything else was not made here.
        let digest = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if stem.len() != 64 || !stem.bytes().all(digest) {
            continue;
        }
        // Where the lock is held, somebody is writing right now.
        if let Ok(lock) = folder.open_or_create(&format!("{stem}.lock"))
            && lock.try_lock().is_ok()
        {
            let _ = folder.remove(&name);
        }
    }
}

/// Says what is wrong with a file, and what to do.
pub(crate) fn error(folder: &PrivateFolder, fault: &Fault) -> Error {
    match fault {
        Fault::Refused(error) => error.clone(),
        Fault::Read(error) => folder.failure("read a login", error),
        Fault::Damaged => unreadable(
            "the stored login is damaged; the next renewal puts the file aside, then log in again"
                .to_owned(),
        ),
        Fault::Newer => Error::new(
            ErrorKind::Configuration,
            "the file of the login was written by a later version and stays as it is; update this program",
        )
        .with_code(NEWER_FORMAT),
    }
}

fn unreadable(message: String) -> Error {
    Error::new(ErrorKind::Protocol, message).with_code(UNREADABLE)
}

fn compare(
    folder: &PrivateFolder,
    key: &StoreKey,
    number: u64,
    expected: Option<u64>,
) -> Result<(), Error> {
    let stored = read_locked(folder, key, number)?.map(|value| value.version);
    crash::point("file:compared");
    if stored == expected {
        Ok(())
    } else {
        Err(conflict())
    }
}

/// Puts the value on the disk under another name.
fn prepare(folder: &PrivateFolder, name: &str, key: &StoreKey, value: &Value) -> Result<(), Error> {
    let failed = |error: io::Error| folder.failure("write a login", &error);
    // One of an earlier attempt that could not be removed then.
    folder.remove(name)?;
    let mut file = folder.create(name)?;
    crash::point("file:created");
    let half = || crash::point("file:half-written");
    let head = entry::head(key, value);
    entry::write(&mut file, &head, value.body.expose(), half).map_err(failed)?;
    crash::point("file:written");
    file.sync_all().map_err(failed)?;
    crash::point("file:synced");
    Ok(())
}
