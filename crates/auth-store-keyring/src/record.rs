//! A record over several entries: parts first, then the manifest that makes them count.
//!
//! | step | what a reader finds if the process ends before it |
//! | --- | --- |
//! | remove what others left of the generations before and after | the old record |
//! | write the parts of the next generation, first to last | the old record |
//! | write the manifest over the old one | the old record |
//! | remove the parts of the generation before, last to first | the new record |
//!
//! So what is left over is always the first parts of a generation next to the one that counts, and nothing else has to
//! be known to find it.

use auth_core::{Error, ErrorKind, Secret};
use auth_store::crash;
use zeroize::Zeroizing;

use crate::{
    entries::Entries,
    failure::{damaged, is_foreign},
    manifest::{HEADER, Manifest},
};

/// How often a reader meets a writer before it gives up.
const MEETINGS: usize = 64;

/// No record has more: 256 KiB in the smallest parts.
const MOST_PARTS: u64 = 8192;

/// Returns what the manifest called `name` says, where there is one.
pub(crate) fn look(entries: &Entries, name: &str) -> Result<Option<Manifest>, Error> {
    match entries.get(name)? {
        Some(entry) => Ok(Some(Manifest::read(&entry)?.0)),
        None => Ok(None),
    }
}

/// Returns the version and the value of a record, whole, whoever writes it meanwhile.
pub(crate) fn read(
    entries: &Entries,
    name: &str,
    key: &str,
) -> Result<Option<(u64, Secret)>, Error> {
    let mut last = None;
    for _ in 0..MEETINGS {
        let Some(entry) = entries.get(name)? else {
            return Ok(None);
        };
        let (manifest, head) = Manifest::read(&entry)?;
        if manifest.length.is_none() {
            return Ok(None);
        }
        let contents = collect(entries, name, &manifest, head)?;
        if let Some((own, value)) = contents
            .as_ref()
            .and_then(|contents| manifest.open(contents))
        {
            let value = (own == key).then(|| (manifest.version, Secret::from(value)));
            return value.map(Some).ok_or_else(damaged);
        }
        // With another manifest, a writer was faster. With the same one, there is none.
        if last.as_ref() == Some(&manifest) {
            return Err(damaged());
        }
        last = Some(manifest);
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "the stored login changes faster than the keyring can read it; try again",
    ))
}

/// Writes a record as the one after `old`, and returns its manifest. `swept` says that nothing is left over.
pub(crate) fn write(
    entries: &Entries,
    name: &str,
    old: Option<&Manifest>,
    (key, version, value): (&str, u64, &str),
    swept: bool,
) -> Result<Manifest, Error> {
    let generation = old.map_or(0, |old| old.generation);
    if !swept {
        sweep(entries, name, generation)?;
    }
    crash::point("keyring:swept");
    let mut contents = Zeroizing::new(Vec::with_capacity(key.len() + value.len()));
    contents.extend_from_slice(key.as_bytes());
    contents.extend_from_slice(value.as_bytes());
    let mut manifest = Manifest::of(&contents, key.len(), version, generation.saturating_add(1));
    let (head, rest) = contents.split_at(contents.len().min(entries.chunk() - HEADER));
    for part in rest.chunks(entries.chunk()) {
        manifest.parts += 1;
        entries.set(&part_of(name, manifest.generation, manifest.parts), part)?;
        crash::point("keyring:part-written");
    }
    entries.set(name, &manifest.write(head))?;
    crash::point("keyring:replaced");
    Ok(manifest)
}

/// Removes the parts that `manifest` names, last to first.
pub(crate) fn remove_parts(
    entries: &Entries,
    name: &str,
    manifest: &Manifest,
) -> Result<(), Error> {
    for part in (1..=manifest.parts.min(MOST_PARTS)).rev() {
        entries.remove(&part_of(name, manifest.generation, part))?;
        crash::point("keyring:part-removed");
    }
    Ok(())
}

/// Removes a record: from the moment at which its manifest says so, and then its entries.
pub(crate) fn erase(entries: &Entries, name: &str, old: &Manifest) -> Result<(), Error> {
    sweep(entries, name, old.generation)?;
    let erased = old.erased();
    entries.set(name, &erased.write(&[]))?;
    crash::point("keyring:emptied");
    remove_parts(entries, name, old)?;
    entries.remove(name)?;
    crash::point("keyring:erased");
    Ok(())
}

/// Removes a record, whatever its manifest says, and returns whether there was one.
///
/// Without a manifest that can be read, nothing tells which parts there were: they stay until a later write takes
/// their names.
pub(crate) fn discard(entries: &Entries, name: &str) -> Result<bool, Error> {
    match look(entries, name) {
        Ok(None) => Ok(false),
        Ok(Some(old)) => erase(entries, name, &old).map(|()| old.length.is_some()),
        Err(error) if is_foreign(&error) => {
            entries.remove(name)?;
            crash::point("keyring:erased");
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

/// Removes what writers that ended too early left beside the generation that counts.
pub(crate) fn sweep(entries: &Entries, name: &str, generation: u64) -> Result<(), Error> {
    let before = generation.checked_sub(1).filter(|&before| before > 0);
    for generation in before.into_iter().chain([generation.saturating_add(1)]) {
        let mut left = 0;
        while left < MOST_PARTS && entries.get(&part_of(name, generation, left + 1))?.is_some() {
            left += 1;
        }
        for part in (1..=left).rev() {
            entries.remove(&part_of(name, generation, part))?;
        }
    }
    Ok(())
}

/// Puts the contents together; `None` where a part is missing.
fn collect(
    entries: &Entries,
    name: &str,
    manifest: &Manifest,
    head: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    // What stands in an entry is no reason to ask for memory, or for entries without end.
    if manifest.parts > MOST_PARTS {
        return Ok(None);
    }
    let mut pieces = vec![Zeroizing::new(head.to_vec())];
    for part in 1..=manifest.parts {
        let Some(part) = entries.get(&part_of(name, manifest.generation, part))? else {
            return Ok(None);
        };
        pieces.push(part);
    }
    // At its full size from the start: a vector that grows leaves a copy behind.
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let mut contents = Zeroizing::new(Vec::with_capacity(length));
    for piece in &pieces {
        contents.extend_from_slice(piece);
    }
    Ok(Some(contents))
}

fn part_of(name: &str, generation: u64, part: u64) -> String {
    format!("{name}.{generation}.{part}")
}
