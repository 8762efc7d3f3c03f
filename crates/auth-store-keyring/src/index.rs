//! The list of all keys: a record of its own, because few keyrings can be searched, and each in its own way.
//!
//! A key is in it before its record is there and until after it is gone, so that a process that ends in between leaves
//! a key too many, which no list shows, and never one too few.

use auth_core::{Error, StoreKey};
use auth_store::UNREADABLE;

use crate::{
    entries::Entries,
    failure::{damaged, is_foreign},
    manifest::name_of,
    record,
};

const NAME: &str = "index";

/// Returns the keys that have a record, or something in its place that nobody can read.
pub(crate) fn keys(entries: &Entries) -> Result<Vec<StoreKey>, Error> {
    let mut keys = Vec::new();
    for key in listed(entries)? {
        let present = match record::look(entries, &name_of(&key)) {
            Ok(found) => found.is_some_and(|manifest| manifest.length.is_some()),
            Err(error) if is_foreign(&error) => true,
            Err(error) => return Err(error),
        };
        if present {
            keys.push(key.parse()?);
        }
    }
    Ok(keys)
}

/// Returns whether `key` is in the list. In a list that cannot be read, no key is.
pub(crate) fn holds(entries: &Entries, key: &str) -> Result<bool, Error> {
    Ok(or_empty(listed(entries))?.iter().any(|other| other == key))
}

/// Adds `key`. The lock of the list must be held.
pub(crate) fn add(entries: &Entries, key: &str) -> Result<(), Error> {
    let mut keys = or_empty(listed(entries))?;
    if !keys.iter().any(|other| other == key) {
        keys.push(key.to_owned());
        save(entries, &keys)?;
    }
    Ok(())
}

/// Takes `key` away. The lock of the list must be held.
pub(crate) fn remove(entries: &Entries, key: &str) -> Result<(), Error> {
    let mut keys = listed(entries)?;
    if let Some(place) = keys.iter().position(|other| other == key) {
        keys.swap_remove(place);
        save(entries, &keys)?;
    }
    Ok(())
}

fn listed(entries: &Entries) -> Result<Vec<String>, Error> {
    match record::read(entries, NAME, "")? {
        Some((_, list)) => split(list.expose()).ok_or_else(damaged),
        None => Ok(Vec::new()),
    }
}

/// A damaged list is made anew: each login comes back to it with its next save.
fn or_empty(listed: Result<Vec<String>, Error>) -> Result<Vec<String>, Error> {
    listed.or_else(|error| match error.code() {
        Some(UNREADABLE) => Ok(Vec::new()),
        _ => Err(error),
    })
}

fn save(entries: &Entries, keys: &[String]) -> Result<(), Error> {
    let old = record::look(entries, NAME).or_else(|error| match error.code() {
        Some(UNREADABLE) => Ok(None),
        _ => Err(error),
    })?;
    let list = join(keys);
    record::write(entries, NAME, old.as_ref(), ("", 0, &list), false)?;
    if let Some(old) = old {
        // What stays is removed by the next one who changes the list.
        let _ = record::remove_parts(entries, NAME, &old);
    }
    Ok(())
}

/// A key may hold any character, so each is led by its length.
fn join(keys: &[String]) -> String {
    keys.iter()
        .map(|key| format!("{} {key}\n", key.len()))
        .collect()
}

fn split(mut list: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    while !list.is_empty() {
        let (length, rest) = list.split_once(' ')?;
        let (key, rest) = rest.split_at_checked(length.parse().ok()?)?;
        keys.push(key.to_owned());
        list = rest.strip_prefix('\n')?;
    }
    Some(keys)
}
